internal import CGIO

/// A GVariant, held by one reference.
///
/// Immutable, so any thread may read it. GLib's variadic makers do not import; these are their plain siblings.
final class Variant: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over a reference that the caller owns, floating or not.
    init(taking pointer: OpaquePointer) {
        self.pointer =
            g_variant_is_floating(pointer) != 0 ? g_variant_ref_sink(pointer) : pointer
    }

    /// Takes another reference to a value that somebody else keeps.
    init(borrowing pointer: OpaquePointer) {
        self.pointer = g_variant_ref(pointer)
    }

    deinit {
        g_variant_unref(pointer)
    }

    // MARK: - Making

    static func uint16(_ value: UInt16) -> Variant { Variant(taking: g_variant_new_uint16(value)) }
    static func uint32(_ value: UInt32) -> Variant { Variant(taking: g_variant_new_uint32(value)) }
    static func int32(_ value: Int32) -> Variant { Variant(taking: g_variant_new_int32(value)) }
    static func string(_ value: String) -> Variant { Variant(taking: g_variant_new_string(value)) }
    static func bool(_ value: Bool) -> Variant {
        Variant(taking: g_variant_new_boolean(value ? 1 : 0))
    }

    /// `h`: a place in a message's list of descriptors.
    static func handle(_ index: Int32) -> Variant { Variant(taking: g_variant_new_handle(index)) }

    /// The arguments of a call.
    static func tuple(_ values: [Variant]) -> Variant {
        let children = values.map { Optional($0.pointer) }
        return withExtendedLifetime(values) {
            Variant(taking: g_variant_new_tuple(children, gsize(children.count)))
        }
    }

    /// Reads GVariant's text format; nil for what is none.
    static func parse(_ text: String) -> Variant? {
        g_variant_parse(nil, text, nil, nil, nil).map { Variant(taking: $0) }
    }

    // MARK: - Reading

    /// Its type, such as `(su)`.
    var type: String { String(cString: g_variant_get_type_string(pointer)) }

    /// The text of an `s` or an `o`; nil for another type.
    var string: String? {
        guard type == "s" || type == "o" else { return nil }
        return String(cString: g_variant_get_string(pointer, nil))
    }

    /// The number of a `u`; nil for another type.
    var uint32: UInt32? { type == "u" ? g_variant_get_uint32(pointer) : nil }

    /// The value of a `b`; nil for another type.
    var bool: Bool? { type == "b" ? g_variant_get_boolean(pointer) != 0 : nil }

    /// GVariant's text format, for tests and messages.
    var text: String {
        let text = g_variant_print(pointer, 0)
        defer { g_free(text) }
        return text.map { String(cString: $0) } ?? ""
    }

    /// The parts of a container; a variant's content, without the variant. Empty for a simple value.
    var children: [Variant] {
        guard g_variant_is_container(pointer) != 0 else { return [] }
        return (0..<g_variant_n_children(pointer)).map {
            Variant(taking: g_variant_get_child_value(pointer, $0))
        }
    }

    /// The values of a dictionary with keys that are text, variants opened; empty for another type.
    var dictionary: [String: Variant] {
        guard type.hasPrefix("a{s") || type.hasPrefix("a{o") else { return [:] }
        var values: [String: Variant] = [:]
        for entry in children {
            let parts = entry.children
            guard parts.count == 2, let key = parts[0].string else { continue }
            values[key] = parts[1].type == "v" ? parts[1].children.first : parts[1]
        }
        return values
    }
}
