namespace Sonde.Python.Sites;

/// <summary>The machine code is not what the analysis expects; the message becomes <see cref="SiteAnalysis.Refusal"/>.</summary>
sealed class SiteException(string message) : Exception(message);
