using Xunit;

namespace Sonde.Tests;

/// <summary>For tests that measure the memory of the whole process: nothing runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
