using System.Runtime.Versioning;
using Xunit;

[assembly: SupportedOSPlatform("linux")]
// Probes sit in files, and so in every process that runs them: two tests at once would see and slow each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
