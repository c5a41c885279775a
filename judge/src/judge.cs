// The judge's program: the real DataContractSerializer and Json.NET, set up as ASP.NET Web API 2
// sets them up (MediaTypeFormatter, XmlMediaTypeFormatter and JsonMediaTypeFormatter of version 5.2.9).
//
//   TZ=Europe/Stockholm MONO_PATH=/usr/lib/cli/Newtonsoft.Json-5.0 mono reference.exe
//
// .NET 8 runs the same program, with Newtonsoft.Json.dll beside it, for XML only: that old a Json.NET does not serialize
// there.
//
// One request a line, one answer a line, until the input ends. A request is `VERB TYPE BASE64`:
//   read-xml, read-json    BASE64 is a document          {"value": what was understood}
//   write-xml, write-json  BASE64 is such a value        {"document": BASE64 of what was written}
// or, when the serializer refused, {"error": "ExceptionType: message"}. A request that makes no sense ends the program.
// TYPE is one of a document's (`Model.Contracts`, which is generated) or of those listed below, or made of one: `list:int`, `map:T` (a dictionary by string), `nullable:int`.
// A value names every member as in .NET and leaves nothing out. Its special forms:
//   DateTime    {"kind": "Unspecified|Utc|Local", "ticks": 100 ns since year 1, "text": the same for a person};
//               Local is given in UTC, so that the machine's time zone does not matter
//   enum        its name, or its number where it has none
//   double      a number, or "NaN", "INF", "-INF"; float likewise
//   byte[]      its base64; Guid: its text
//   dictionary  an object
//   string      a string, or {"utf16": [units]} where a lone surrogate makes it no Unicode text
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using System.Xml;
using Newtonsoft.Json;
using Newtonsoft.Json.Converters;
using Newtonsoft.Json.Linq;
using Newtonsoft.Json.Serialization;

static class Reference
{
    static readonly Dictionary<string, Type> Types = new Dictionary<string, Type>
    {
        { "Order", typeof(Shop.Orders.Order) },
        { "Customer", typeof(Shop.Parties.Customer) },
        { "Color", typeof(Shop.Parties.Color) },
        { "Bare", typeof(Shop.Orders.Bare) },
        { "string", typeof(string) },
        { "boolean", typeof(bool) },
        { "short", typeof(short) },
        { "int", typeof(int) },
        { "long", typeof(long) },
        { "float", typeof(float) },
        { "double", typeof(double) },
        { "dateTime", typeof(DateTime) },
        { "guid", typeof(Guid) },
        { "base64Binary", typeof(byte[]) },
    };

    static Type Resolve(string name)
    {
        var parts = name.Split(new[] { ':' }, 2);
        if (parts.Length == 1) return Model.Contracts.Types.TryGetValue(name, out var type) ? type : Types[name];
        var argument = Resolve(parts[1]);
        switch (parts[0])
        {
            case "list": return typeof(List<>).MakeGenericType(argument);
            case "map": return typeof(Dictionary<,>).MakeGenericType(typeof(string), argument);
            case "nullable": return typeof(Nullable<>).MakeGenericType(argument);
        }
        throw new ArgumentException("no such type: " + name);
    }

    // Web API reads and writes UTF-8 strictly, and without a byte order mark.
    static readonly Encoding Utf8 = new UTF8Encoding(false, true);

    // Web API's DefaultMaxDepth, for both formats.
    const int MaxDepth = 256;

    // The first two are Web API's own defaults, and all else Json.NET's: DateParseHandling.DateTime,
    // DateTimeZoneHandling.RoundtripKind, NullValueHandling.Include, CheckAdditionalContent off. The last two are what
    // the vendor's help page shows: camelCase members and enumerations by name.
    static readonly JsonSerializer Json = JsonSerializer.Create(new JsonSerializerSettings
    {
        MissingMemberHandling = MissingMemberHandling.Ignore,
        TypeNameHandling = TypeNameHandling.None,
        ContractResolver = new CamelCasePropertyNamesContractResolver(),
        Converters = { new StringEnumConverter() },
    });

    static object ReadXml(Type type, byte[] document)
    {
        // Web API does not ask the serializer when there is no body.
        if (document.Length == 0) return null;
        var quotas = new XmlDictionaryReaderQuotas
        {
            MaxArrayLength = int.MaxValue, MaxBytesPerRead = int.MaxValue, MaxDepth = MaxDepth,
            MaxNameTableCharCount = int.MaxValue, MaxStringContentLength = int.MaxValue,
        };
        using (var reader = XmlDictionaryReader.CreateTextReader(new MemoryStream(document), Utf8, quotas, null))
            return new DataContractSerializer(type).ReadObject(reader);
    }

    static object ReadJson(Type type, byte[] document)
    {
        if (document.Length == 0) return null;
        var text = new StreamReader(new MemoryStream(document), Utf8);
        using (var reader = new JsonTextReader(text) { MaxDepth = MaxDepth })
            return Json.Deserialize(reader, type);
    }

    static byte[] WriteXml(Type type, object value)
    {
        var stream = new MemoryStream();
        // CheckCharacters is off in Web API: this is how characters that XML forbids come out as `&#x1;`. Its writer
        // also turns every line end, a lone CR too, into the machine's own.
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false, Encoding = Utf8 };
        using (var writer = XmlWriter.Create(stream, settings))
            new DataContractSerializer(type).WriteObject(writer, value);
        return stream.ToArray();
    }

    static byte[] WriteJson(object value)
    {
        var stream = new MemoryStream();
        using (var writer = new StreamWriter(stream, Utf8))
            Json.Serialize(new JsonTextWriter(writer), value);
        return stream.ToArray();
    }

    static JToken Describe(object value)
    {
        if (value == null) return JValue.CreateNull();
        if (value is bool || value is int || value is long) return new JValue(value);
        if (value is short) return new JValue((int)(short)value);
        if (value is float) value = (double)(float)value;
        if (value is byte[]) return Convert.ToBase64String((byte[])value);
        if (value is Guid) return value.ToString();
        if (value is string)
        {
            var s = (string)value;
            if (IsUnicode(s)) return s;
            return new JObject { { "utf16", new JArray(s.Select(c => (int)c)) } };
        }
        if (value is double)
        {
            var d = (double)value;
            return double.IsNaN(d) || double.IsInfinity(d) ? new JValue(XmlConvert.ToString(d)) : new JValue(d);
        }
        if (value is Enum)
        {
            if (Enum.IsDefined(value.GetType(), value)) return value.ToString();
            return Convert.ToInt32(value);
        }
        if (value is DateTime)
        {
            var t = (DateTime)value;
            var kind = t.Kind.ToString();
            if (t.Kind == DateTimeKind.Local) t = t.ToUniversalTime();
            var text = t.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture);
            return new JObject { { "kind", kind }, { "ticks", t.Ticks }, { "text", text } };
        }
        if (value is IDictionary)
        {
            var entries = (IDictionary)value;
            return new JObject(entries.Keys.Cast<string>().OrderBy(k => k, StringComparer.Ordinal)
                .Select(k => new JProperty(k, Describe(entries[k]))));
        }
        if (value is IList) return new JArray(((IList)value).Cast<object>().Select(Describe));
        return new JObject(value.GetType().GetProperties().OrderBy(p => p.Name, StringComparer.Ordinal)
            .Select(p => new JProperty(p.Name, Describe(p.GetValue(value)))));
    }

    // The opposite of Describe.
    static object Build(Type type, JToken token)
    {
        if (token.Type == JTokenType.Null) return null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return token is JObject ? string.Concat(token["utf16"].Select(u => (char)(int)u)) : (string)token;
        if (type.IsEnum)
            return token.Type == JTokenType.Integer ? Enum.ToObject(type, (int)token) : Enum.Parse(type, (string)token);
        if (type == typeof(double))
            return token.Type == JTokenType.String ? XmlConvert.ToDouble((string)token) : (double)token;
        if (type == typeof(bool)) return (bool)token;
        if (type == typeof(short)) return (short)token;
        if (type == typeof(int)) return (int)token;
        if (type == typeof(long)) return (long)token;
        if (type == typeof(float)) return (float)(double)Build(typeof(double), token);
        if (type == typeof(byte[])) return Convert.FromBase64String((string)token);
        if (type == typeof(Guid)) return new Guid((string)token);
        if (type == typeof(DateTime))
        {
            var kind = (DateTimeKind)Enum.Parse(typeof(DateTimeKind), (string)token["kind"]);
            if (kind != DateTimeKind.Local) return new DateTime((long)token["ticks"], kind);
            return new DateTime((long)token["ticks"], DateTimeKind.Utc).ToLocalTime();
        }
        var built = Activator.CreateInstance(type);
        // A list with items of its own name derives from one.
        var arguments = (type.IsGenericType ? type : type.BaseType).GetGenericArguments();
        if (built is IDictionary)
            foreach (var entry in (JObject)token)
                ((IDictionary)built).Add(entry.Key, Build(arguments[1], entry.Value));
        else if (built is IList)
            foreach (var item in (JArray)token) ((IList)built).Add(Build(arguments[0], item));
        else
            foreach (var member in (JObject)token)
            {
                // A misspelt member must not go unnoticed: the test would prove nothing.
                var property = type.GetProperty(member.Key);
                if (property == null) throw new ArgumentException(type + " has no member " + member.Key);
                property.SetValue(built, Build(property.PropertyType, member.Value));
            }
        return built;
    }

    static bool IsUnicode(string s)
    {
        for (var i = 0; i < s.Length; i++)
            if (char.IsSurrogate(s[i]) && !(i + 1 < s.Length && char.IsSurrogatePair(s[i], s[++i]))) return false;
        return true;
    }

    static JObject Answer(string request)
    {
        var parts = request.Split(new[] { ' ' }, 3);
        var verb = parts[0];
        var type = Resolve(parts[1]);
        var bytes = Convert.FromBase64String(parts[2]);
        var given = verb.StartsWith("write-") ? Build(type, ParseValue(bytes)) : null;
        // Only what the serializers throw is an answer. A request that makes no sense ends the program, so that a test
        // which expects an error does not take its own slip for one.
        try
        {
            switch (verb)
            {
                case "read-xml": return new JObject { { "value", Describe(ReadXml(type, bytes)) } };
                case "read-json": return new JObject { { "value", Describe(ReadJson(type, bytes)) } };
                case "write-xml": return Document(WriteXml(type, given));
                case "write-json": return Document(WriteJson(given));
            }
        }
        catch (Exception e)
        {
            // The serializer calls through reflection: what is wrong stands inside.
            while (e is TargetInvocationException && e.InnerException != null) e = e.InnerException;
            return new JObject { { "error", e.GetType().Name + ": " + e.Message } };
        }
        throw new ArgumentException("no such verb: " + verb);
    }

    static JObject Document(byte[] document)
    {
        return new JObject { { "document", Convert.ToBase64String(document) } };
    }

    // Text that looks like a date stays text.
    static JToken ParseValue(byte[] value)
    {
        var reader = new JsonTextReader(new StringReader(Utf8.GetString(value)));
        reader.DateParseHandling = DateParseHandling.None;
        return JToken.ReadFrom(reader);
    }

    static void Main()
    {
        // Not Console.In and Console.Out: those set up the terminal.
        var input = new StreamReader(Console.OpenStandardInput());
        var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        for (string request; (request = input.ReadLine()) != null;)
        {
            // ASCII, one line whatever the strings hold.
            var line = new StringWriter();
            Answer(request).WriteTo(new JsonTextWriter(line) { StringEscapeHandling = StringEscapeHandling.EscapeNonAscii });
            output.WriteLine(line);
        }
    }
}
