namespace Sonde.Python.Layouts;

/// <summary>The opcodes of each version.</summary>
/// <remarks>
/// Lib/opcode.py of each minor version; for 3.11 and 3.12 also Include/opcode.h and Include/internal/pycore_opcode.h (specialised forms, caches), from 3.13 on
/// Lib/_opcode_metadata.py. Opcodes that 3.6 lacks (160, 161) do not occur in it.
/// </remarks>
sealed partial class BytecodeLayout
{
    /// <summary>The opcodes of a version.</summary>
    public static BytecodeLayout For(PythonVersion version) => version.Minor switch
    {
        <= 8 => _version7.Value,
        <= 10 => _version9.Value,
        11 => _version11.Value,
        12 => _version12.Value,
        13 => _version13.Value,
        14 => _version14.Value,
        _ => _version15.Value,
    };

    static readonly Lazy<BytecodeLayout> _version7 = new(static () => new(
            """
            cell: 135-136 148
            constant: 100
            extended: 144
            name: 95-96 101 106 108-109 116 160
            variable: 124
            """,
            """
            add: 23 55
            and: 64 77
            attribute: 95-96 106 160
            bool len: 12 111-112 114-115
            call: 131 141-142 161
            delitem hash eq: 61
            enter aenter: 52 143 154
            exit aexit: 81
            floordiv: 26 28
            format str repr: 155
            getitem missing class_getitem: 25
            hash eq: 104-105 146-147 156
            import: 84 108-109
            invert: 15
            iterate: 50-51 68-69 72-73 92-94
            lshift: 62 75
            lt le eq ne gt ge contains: 107
            matmul: 16-17
            mod: 22 59
            mul: 20 57
            neg: 11
            or: 66 79
            pos: 10
            pow: 19 67
            rshift: 63 76
            setitem hash eq: 60
            sub: 24 56
            truediv: 27 29
            xor: 65 78
            """));

    static readonly Lazy<BytecodeLayout> _version9 = new(static () => new(
            """
            cell: 135-136 148
            constant: 100
            extended: 144
            name: 95-96 101 106 108-109 116 160
            variable: 124
            """,
            """
            add: 23 55
            and: 64 77
            attribute: 95-96 106 160
            bool len: 12 111-112 114-115
            call: 131 141-142 161
            contains eq hash iter next getitem: 118
            delitem hash eq: 61
            enter aenter: 52 143 154
            exit aexit: 49
            floordiv: 26 28
            format str repr: 155
            getitem missing class_getitem: 25
            hash eq: 104-105 146-147 156
            import: 84 108-109
            invert: 15
            iterate: 50-51 68-69 72-73 92-94 162-165
            lshift: 62 75
            lt le eq ne gt ge: 107
            matmul: 16-17
            mod: 22 59
            mul: 20 57
            neg: 11
            or: 66 79
            pos: 10
            pow: 19 67
            rshift: 63 76
            setitem hash eq: 60
            sub: 24 56
            truediv: 27 29
            xor: 65 78
            """));

    static readonly Lazy<BytecodeLayout> _version11 = new(static () => new(
            """
            constant: 44 100
            extended: 34 144
            name: 39-43 56-59 62-63 95-96 101 106 108-109 153-154 158-160
            name/2: 47-48 55 116
            variable: 45-46 124 136-137 148
            """,
            """
            attribute: 39-43 56-59 62-63 95-96 106 153-154 158-160
            bool len: 12 111-112 114-115 175-176
            call: 22-24 64-67 72-73 76-81 113 121 127 141-143 166 171
            contains eq hash iter next getitem: 118
            delitem hash eq: 61
            enter aenter: 52-53
            exit aexit: 49
            format str repr: 155
            getitem missing class_getitem: 17-21 25
            hash eq: 104-105 146-147 156
            import: 84 108-109
            invert: 15
            iterate: 50-51 68-69 92-94 123 131 162-165 177-180
            lt le eq ne gt ge: 26-29 107
            neg: 11
            operate: 3-8 13-14 16 122
            pos: 10
            setitem hash eq: 60 168-170
            """,
            """
            1: 3-8 13-14 16 60 64-67 72-73 76-81 92 113 121-122 127 141 143 166 168-170 177-180
            2: 26-29 107
            4: 17-25 39-43 95 106 153-154 158-159 171
            5: 47-48 55 116
            10: 56-59 62-63 160
            """)
        {
            VersionedCalls = [23, 24],
        });

    static readonly Lazy<BytecodeLayout> _version12 = new(static () => new(
            """
            constant: 84 100
            extended: 144
            name: 95-96 101 108-109 113 148 153 175
            name/2: 70 72-73 76-82 106 111-112 116
            name/4: 66-67 141 237
            variable: 86 88 124 127 136-137 143 176
            """,
            """
            attribute: 66-67 70 72-73 76-82 95-96 106 113 141 148 153 237
            bool len: 12 114-115 249-250
            call: 23-24 28-29 34 38-48 56 142 171 241 244
            contains eq hash iter next getitem: 118
            delitem hash eq: 61
            enter aenter: 52-53
            exit aexit: 49
            format str repr: 155
            getitem missing class_getitem: 19-22 25-26
            hash eq: 104-105 146-147 156
            import: 108-109
            invert: 15
            iterate: 50-51 62-65 68-69 92-94 123 131 161-168 248
            lt le eq ne gt ge: 57-59 107
            neg: 11
            operate: 6-8 10 13-14 16 18 122
            setitem hash eq: 27 60 159-160
            """,
            """
            1: 6-8 10 13-14 16 18-22 25 57-60 62-67 92-93 107 122-123 141 159-161 166-168 237 248
            3: 23-24 28-29 34 38-48 56 171 241
            4: 95 111-113 116 148 153
            9: 70 72-73 76-82 106
            """)
        {
            Hidden = [253, 254], VersionedCalls = [23, 24, 28],
        });

    static readonly Lazy<BytecodeLayout> _version13 = new(static () => new(
            """
            constant: 83
            extended: 71
            name: 63 74-75 90 92 108 209-211
            name/2: 82 91 191-204
            name/4: 93 205-206 242
            variable: 84-87 89
            variables: 88
            """,
            """
            attribute: 63 82 93 108 191-202 205-206 209-211 242
            bool len: 40 43 97 100 214-219 250-251
            call: 53-54 57 162-181 244-246
            contains eq hash iter next getitem: 59 185-186
            delitem hash eq: 9
            enter aenter: 1-2
            exit aexit: 44
            format str repr: 14-15 60
            getitem missing class_getitem: 4-5 157-161
            hash eq: 46 48-49 95 105
            import: 74-75
            invert: 41
            iterate: 16 18-19 21 68-69 72-73 81 104 107 116-117 187-190 208 220-222 243
            lt le eq ne gt ge: 58 182-184
            neg: 42
            operate: 3 45 150-156
            setitem hash eq: 38-39 212-213
            """,
            """
            1: 3 5 39 45 58-59 70 72 77 93 97-100 104 117 150-161 182-190 205-206 208 212-213 220-222 242-243 249-253
            3: 40 53 162-181 214-219 244
            4: 91 108 203-204 209-211
            9: 82 191-202
            """)
        {
            Hidden = [247, 254], VersionedCalls = [163, 164, 177, 178], InitializerCalls = [162],
        });

    static readonly Lazy<BytecodeLayout> _version14 = new(static () => new(
            """
            constant: 82 190-191
            extended: 69
            name: 61 72-73 91 93 110 198-200
            name/2: 80 92 177-189 192-193
            name/4: 96 194-195 249
            variable: 83-86 88 90
            variables: 87 89
            """,
            """
            attribute: 61 80 96 110 177-189 194-195 198-200 249
            bool len: 39 42 100 103 203-208 241-242
            call: 4 52 55 143-165 250-252
            contains eq hash iter next getitem: 57 169-170
            delitem hash eq: 8
            enter exit aenter aexit: 95
            exit aexit: 43
            format str repr: 12-13 58
            getitem missing class_getitem: 1
            hash eq: 47-48 98 107
            import: 72-73
            invert: 40
            iterate: 14-16 19 66-67 70-71 79 106 109 118-119 171-174 197 209-211 237
            lt le eq ne gt ge: 56 166-168
            neg: 41
            operate: 3 44 129-142
            setitem hash eq: 37-38 201-202
            """,
            """
            1: 38 56-57 70 75 96 100-103 106 119 166-176 194-195 197 201-202 209-211 237 241-244 249 253 255
            3: 39 52 55 143-165 203-208 250-251
            4: 92 110 192-193 198-200
            5: 3 44 129-142
            9: 80 177-189
            """)
        {
            Hidden = [238, 254], VersionedCalls = [144, 145, 151, 153, 161, 162], InitializerCalls = [143],
        });

    static readonly Lazy<BytecodeLayout> _version15 = new(static () => new(
            """
            constant: 81
            extended: 67
            name: 59 71-72 90 92 109 205-207
            name/2: 79 91 183-197
            name/4: 95 198-199 248
            variable: 82-85 87 89
            variables: 86 88
            """,
            """
            attribute: 59 79 95 109 183-195 198-199 205-207 248
            bool len: 37 40 99 102 210-215 240-241
            call: 4 50 53 144-168 249-251
            contains eq hash iter next getitem: 55 172-173
            delitem hash eq: 8
            enter exit aenter aexit: 94
            exit aexit: 41
            format str repr: 12-13 56
            getitem missing class_getitem: 1
            hash eq: 45-46 97 106
            import: 71-72
            invert: 38
            iterate: 14-15 64-65 68-70 78 105 108 117-118 174-180 202-204 216-218 236
            lt le eq ne gt ge: 54 169-171
            neg: 39
            operate: 3 42 129-143
            setitem hash eq: 35-36 208-209
            """,
            """
            1: 4 36 54-55 68 70 74 95 99-102 105 118 128 151-152 169-182 198-204 208-209 216-218 236 240-244 248 251-252 254
            3: 37 50 53 144-150 153-168 210-215 249-250
            4: 91 109 196-197 205-207
            5: 3 42 129-143
            9: 79 183-195
            """)
        {
            Hidden = [237, 253], VersionedCalls = [145, 146, 154, 156, 164, 165], InitializerCalls = [144],
        });
}
