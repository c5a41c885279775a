// Every form that a contract may hold, once: plain values, lists, dictionaries, a base class in another namespace, an object
// without members.
namespace Shop.Parties
{
    using System;
    using System.Collections.Generic;

    public enum Color { Red = 1, Green = 2 }

    public class Nothing { }

    public class Customer
    {
        public int? Age { get; set; }
        public string Name { get; set; }
    }

    public class Party
    {
        public string Name { get; set; }
        public Color? Zone { get; set; }
    }
}

namespace Shop.Orders
{
    using System;
    using System.Collections.Generic;
    using System.Runtime.Serialization;
    using Shop.Parties;

    public class Order : Party
    {
        public bool? Bool { get; set; }
        public List<bool> Bools { get; set; }
        public byte[] Bytes { get; set; }
        public Dictionary<string, byte[]> BytesBy { get; set; }
        public List<byte[]> BytesList { get; set; }
        public Dictionary<string, Color> ColorBy { get; set; }
        public List<Color> Colors { get; set; }
        public Customer Customer { get; set; }
        public Dictionary<string, Customer> CustomerBy { get; set; }
        public List<Customer> Customers { get; set; }
        public DateTime? Date { get; set; }
        public Dictionary<string, DateTime> DateBy { get; set; }
        public List<DateTime> Dates { get; set; }
        public double? Double { get; set; }
        public List<double> Doubles { get; set; }
        public float? Float { get; set; }
        public List<float> Floats { get; set; }
        public Guid? Guid { get; set; }
        public List<Guid> Guids { get; set; }
        public int? Int { get; set; }
        public Dictionary<string, int> IntBy { get; set; }
        public List<int> Ints { get; set; }
        public Dictionary<string, List<string>> ListBy { get; set; }
        public List<List<string>> Lists { get; set; }
        public long? Long { get; set; }
        public List<long> Longs { get; set; }
        public List<Dictionary<string, string>> Maps { get; set; }
        public Dictionary<string, Dictionary<string, Customer>> MapsBy { get; set; }
        public Nothing Nothing { get; set; }
        public Dictionary<string, int?> NullableBy { get; set; }
        public List<int?> Nullables { get; set; }
        public short? Short { get; set; }
        public List<short> Shorts { get; set; }
        public string Text { get; set; }
        public Dictionary<string, string> TextBy { get; set; }
        public List<string> Texts { get; set; }
    }

    // As many a Web API has it, to be rid of the namespace.
    [DataContract(Namespace = "")]
    public class Bare
    {
        [DataMember] public Customer Customer { get; set; }
        [DataMember] public List<string> Tags { get; set; }
    }
}
