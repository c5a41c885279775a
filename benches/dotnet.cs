// Times the real DataContractSerializer the way that suits it best: one serializer, .NET's own UTF-8 reader and writer,
// a buffer that is used again. Prints `OPERATION PAYLOAD NANOSECONDS`, the median of 21 rounds after a warm-up.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.Serialization;
using System.Xml;

static class Bench
{
    static double Median(Action once)
    {
        var warm = Stopwatch.StartNew();
        while (warm.ElapsedMilliseconds < 1500) once();
        var rounds = new double[21];
        for (var round = 0; round < rounds.Length; round++)
        {
            var count = 0;
            var clock = Stopwatch.StartNew();
            while (clock.ElapsedMilliseconds < 20)
            {
                for (var i = 0; i < 20; i++) once();
                count += 20;
            }
            rounds[round] = clock.Elapsed.TotalMilliseconds * 1e6 / count;
        }
        Array.Sort(rounds);
        return rounds[rounds.Length / 2];
    }

    static void Main(string[] arguments)
    {
        var serializer = new DataContractSerializer(typeof(Vitec.Housing.Connect.Api.Models.Buyer.LoanPromise));
        foreach (var payload in new[] { "sample", "worst" })
        {
            var document = File.ReadAllBytes(Path.Combine(arguments[0], payload + ".xml"));
            Func<object> read = () =>
            {
                using (var reader = XmlDictionaryReader.CreateTextReader(document, XmlDictionaryReaderQuotas.Max))
                    return serializer.ReadObject(reader);
            };
            var value = read();
            var stream = new MemoryStream(document.Length * 2);
            Action write = () =>
            {
                stream.SetLength(0);
                using (var writer = XmlDictionaryWriter.CreateTextWriter(stream, System.Text.Encoding.UTF8, false))
                    serializer.WriteObject(writer, value);
            };
            write();
            Report("xml-encode", payload, Median(write));
            Report("xml-decode", payload, Median(() => read()));
        }
    }

    static void Report(string operation, string payload, double nanoseconds)
    {
        Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "{0} {1} {2:F1}", operation, payload, nanoseconds));
    }
}
