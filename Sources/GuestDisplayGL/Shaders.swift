internal import CEpoxy

/// The GLSL of the one program that draws pictures and layers, for whatever kind of context is current.
enum Shaders {
    /// The language of a context.
    enum Dialect {
        /// GLSL 1.30: GL 3.0 and 3.1.
        case glsl130
        /// GLSL 1.50: GL 3.2 and later, core profiles.
        case glsl150
        /// GLSL ES 3.00.
        case es300
        /// GLSL ES 1.00: GLES 2.
        case es100

        /// The language of the context that is current.
        static func current() throws(GLError) -> Dialect {
            let version = epoxy_gl_version()
            if epoxy_is_desktop_gl() {
                if version >= 32 { return .glsl150 }
                if version >= 30 { return .glsl130 }
                throw GLError(
                    operation: "GL context",
                    reason: "GL \(version / 10).\(version % 10), 3.0 is needed; "
                        + "use the software renderer")
            }
            if version >= 30 { return .es300 }
            if version >= 20 { return .es100 }
            throw GLError(
                operation: "GL context",
                reason: "GLES \(version / 10).\(version % 10), 2.0 is needed; "
                    + "use the software renderer")
        }
    }

    /// How many texels of a row or column one output pixel averages. Smaller pictures take evenly spaced ones of more.
    static let maximumTaps = 16

    static func vertex(_ dialect: Dialect) -> String {
        header(dialect, isFragment: false) + """
            ATTRIBUTE vec2 corner;
            void main() { gl_Position = vec4(corner, 0.0, 1.0); }

            """
    }

    /// Each output pixel is the average of the texels that it covers, weighted by area. So integer factors are exact nearest
    /// neighbours, others have blends one pixel wide between sharp texels, and smaller pictures are box filtered.
    ///
    /// With `isExact`, for frames that are whole multiples of the picture, a program that fetches one texel: a software rasterizer runs both
    /// sides of a branch.
    static func fragment(_ dialect: Dialect, isExact: Bool) -> String {
        header(dialect, isFragment: true) + (isExact ? "#define EXACT\n" : "") + """
            uniform sampler2D picture;
            uniform vec2 size;         // of the picture, texels
            uniform vec2 origin;       // of the picture in the texture
            uniform vec2 extent;       // of the texture
            uniform float lastRow;     // of a texture whose last row is the picture's first; -1: the first is
            uniform vec4 frame;        // x, y from the top left corner of the window, width, height
            uniform float windowHeight;
            uniform float opaque;      // 1: alpha means nothing; 0: premultiplied alpha
            uniform float swapped;     // 1: red and blue lie the other way round

            vec4 texel(vec2 at) {
                vec2 inside = clamp(at, vec2(0.0), size - 1.0) + origin;
                if (lastRow >= 0.0) inside.y = lastRow - inside.y;
                return FETCH(inside);
            }

            void main() {
                // The one place that turns GL's bottom-left origin into the picture's top-left one.
                vec2 place = vec2(gl_FragCoord.x, windowHeight - gl_FragCoord.y) - frame.xy;
                vec2 pace = size / frame.zw;
            #ifdef EXACT
                vec4 color = texel(floor(place * pace));
            #else
                vec2 first = (place - 0.5) * pace;
                vec2 last = first + pace;
                vec2 start = floor(first + 0.001 * pace);
                vec2 count = ceil(last - 0.001 * pace) - start;
                vec2 stride = max(ceil(count / TAPS), 1.0);
                vec4 color = vec4(0.0);
                float total = 0.0;
                for (float row = 0.0; row < TAPS; row += 1.0) {
                    float y = start.y + row * stride.y;
                    if (y >= start.y + count.y) break;
                    float tall = min(last.y, y + 1.0) - max(first.y, y);
                    if (stride.y > 1.0) tall = 1.0;
                    for (float column = 0.0; column < TAPS; column += 1.0) {
                        float x = start.x + column * stride.x;
                        if (x >= start.x + count.x) break;
                        float wide = min(last.x, x + 1.0) - max(first.x, x);
                        if (stride.x > 1.0) wide = 1.0;
                        color += texel(vec2(x, y)) * (tall * wide);
                        total += tall * wide;
                    }
                }
                color /= total;
            #endif
                if (swapped > 0.5) color = color.bgra;
                RESULT = vec4(color.rgb, max(color.a, opaque));
            }

            """
    }

    private static func header(_ dialect: Dialect, isFragment: Bool) -> String {
        let taps = "#define TAPS \(maximumTaps).0\n"
        let fetch = "#define FETCH(at) texelFetch(picture, ivec2(at), 0)\n"
        let modern = isFragment ? "out vec4 RESULT;\n" + taps + fetch : "#define ATTRIBUTE in\n"
        switch dialect {
        case .glsl130: return "#version 130\n" + modern
        case .glsl150: return "#version 150\n" + modern
        case .es300: return "#version 300 es\nprecision highp float;\n" + modern
        case .es100:
            let old =
                "#define FETCH(at) texture2D(picture, ((at) + 0.5) / extent)\n"
                + "#define RESULT gl_FragColor\n"
            let precision = """
                #ifdef GL_FRAGMENT_PRECISION_HIGH
                precision highp float;
                #else
                precision mediump float;
                #endif

                """
            return "#version 100\n"
                + (isFragment ? precision + taps + old : "#define ATTRIBUTE attribute\n")
        }
    }
}
