using Sonde.Engine.Scripts.Machine;
using Sonde.Script.Types;
using Xunit;

namespace Sonde.Tests.Machine;

public class TracepointFormatTests
{
    const string Sample = """
        name: sample
        ID: 41
        format:
        	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
        	field:int common_pid;	offset:4;	size:4;	signed:1;

        	field:char comm[16];	offset:8;	size:16;	signed:0;
        	field:const char * filename;	offset:24;	size:8;	signed:0;
        	field:__data_loc char[] text;	offset:32;	size:4;	signed:0;
        	field:__rel_loc u32[] words;	offset:36;	size:4;	signed:0;
        	field:struct sock * sk;	offset:40;	size:8;	signed:0;
        	field:bool ok;	offset:48;	size:1;	signed:0;
        	field:unsigned long args[3];	offset:56;	size:24;	signed:0;
        	field:const char *const * argv;	offset:80;	size:8;	signed:0;
        	field:__u8 address[16];	offset:88;	size:16;	signed:0;
        	field:long ret;	offset:104;	size:8;	signed:1;
        	field:some_type odd;	offset:112;	size:3;	signed:0;
        	field:broken
        	field:int x;	offset:99999999999;	size:4;	signed:1;

        print fmt: "%s", REC->comm
        """;

    static readonly TracepointTypes _types = new(new KernelTypes("/nonexistent"));

    [Fact]
    public void Fields_are_those_of_the_tracepoint_itself()
    {
        var format = TracepointFormat.Parse(Sample);
        Assert.Equal(41, format.Id);
        Assert.Equal(["comm", "filename", "text", "words", "sk", "ok", "args", "argv", "address", "ret", "odd"], format.Fields.Select(field => field.Name));
        Assert.Equal("__data_loc char[] text", format.Fields[2].Declaration);
    }

    [Theory]
    [InlineData("comm", "int8[16]", 8)]
    [InlineData("filename", "int8 *", 24)]
    [InlineData("text", "int8[0]", 32)]
    [InlineData("words", "uint32[0]", 36)]
    [InlineData("sk", "struct sock *", 40)]
    [InlineData("ok", "bool", 48)]
    [InlineData("args", "uint64[3]", 56)]
    [InlineData("argv", "int8 * *", 80)]
    [InlineData("address", "uint8[16]", 88)]
    [InlineData("ret", "int64", 104)]
    [InlineData("odd", "uint8[3]", 112)]
    public void Types_are_those_of_the_declaration_in_the_size_of_the_record(string name, string type, int offset)
    {
        var field = _types.Field(TracepointFormat.Parse(Sample).Fields.Single(field => field.Name == name), AddressSpace.User);
        Assert.Equal((type, offset), (field.Type.ToString(), field.Offset));
        Assert.Equal(name switch { "text" => DataLocation.FromRecord, "words" => DataLocation.FromField, _ => DataLocation.None }, field.DataLocation);
        Assert.True(field.Type is not PointerType pointer || pointer.Space == AddressSpace.User);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ID: x\nfield:;\tfield:a;offset:1;size:1;\n")]
    [InlineData("field:int ];\toffset:0;\tsize:4;")]
    [InlineData("field:int [4];\toffset:0;\tsize:4;\nfield: ;\toffset:1;\tsize:2;")]
    public void Damaged_text_has_no_fields(string text) => Assert.Empty(TracepointFormat.Parse(text).Fields);
}
