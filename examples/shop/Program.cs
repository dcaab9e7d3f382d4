// A shop that tells tracers of its orders.
//
//     dotnet run --project examples/shop
//     sudo sonde -p PID -e 'usdt:*:shop:order_placed { printf("%d: %s for %d\n", args.id, str(args.sku), args.total); }'
using Sonde.Usdt;

string[] goods = ["lamp", "chair", "größe 42"];
Console.WriteLine($"ready {Environment.ProcessId}");
for (long id = 1; ; id++)
{
    Thread.Sleep(20);
    if (Probes.IsOrderPlacedEnabled)
    {
        Probes.OrderPlaced(id, goods[id % goods.Length], id * 0.5, id % 2 == 0 ? Payment.Card : Payment.Invoice);
    }
}

enum Payment : byte
{
    Card = 1,
    Invoice = 2,
}

[UsdtProvider("shop")]
static partial class Probes
{
    /// <summary>An order was placed; the total is in euros.</summary>
    [UsdtProbe]
    public static partial void OrderPlaced(long id, string sku, double total, Payment payment);
}
