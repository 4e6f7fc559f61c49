internal import CJSONGLib

/// A JSON value, as QMP sends and takes it. json-glib reads and writes the text.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// How deep arrays and objects may nest. QMP's own answers stay below 10; json-glib 1.6 recurses without a limit of its own.
    static let maximumDepth = 64

    /// The member of an object; nil for another kind of value.
    subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    /// The text, if it is one.
    var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The number, if it is a whole one.
    var integer: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    /// The truth value, if it is one.
    var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }
}

// MARK: - Reading

extension JSONValue {
    /// Reads one value; nil for what is no JSON, no UTF-8, or nested deeper than ``maximumDepth``.
    init?(parsing text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard JSONValue.depth(of: bytes) <= JSONValue.maximumDepth else { return nil }
        let parser = json_parser_new()
        defer { g_object_unref(parser) }
        guard !bytes.isEmpty else { return nil }
        let loaded = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                json_parser_load_from_data(parser, $0.baseAddress!, gssize($0.count), nil)
            }
        }
        guard loaded != 0, let root = json_parser_get_root(parser) else { return nil }
        self.init(node: root)
    }

    private init(node: OpaquePointer) {
        switch json_node_get_node_type(node) {
        case JSON_NODE_OBJECT:
            var members: [String: JSONValue] = [:]
            var iterator = JsonObjectIter()
            var name: UnsafePointer<CChar>?
            var member: OpaquePointer?
            json_object_iter_init(&iterator, json_node_get_object(node))
            while json_object_iter_next(&iterator, &name, &member) != 0 {
                if let name, let member {
                    members[String(cString: name)] = JSONValue(node: member)
                }
            }
            self = .object(members)
        case JSON_NODE_ARRAY:
            let array = json_node_get_array(node)
            self = .array(
                (0..<json_array_get_length(array)).map {
                    JSONValue(node: json_array_get_element(array, $0))
                })
        case JSON_NODE_VALUE:
            // G_TYPE_FUNDAMENTAL numbers (gtype.h) do not import: they are macros.
            switch json_node_get_value_type(node) >> 2 {
            case 5: self = .bool(json_node_get_boolean(node) != 0)
            case 10: self = .integer(Int64(json_node_get_int(node)))
            case 15: self = .double(json_node_get_double(node))
            default: self = .string(json_node_get_string(node).map { String(cString: $0) } ?? "")
            }
        default:
            self = .null
        }
    }

    /// How deep the brackets nest, those within strings left out.
    private static func depth(of bytes: [UInt8]) -> Int {
        var depth = 0
        var deepest = 0
        var inString = false
        var escaped = false
        for byte in bytes {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
    }
}

// MARK: - Writing

extension JSONValue {
    /// The text on one line, without the line feed.
    var text: String {
        let node = makeNode()
        defer { json_node_unref(node) }
        guard let text = json_to_string(node, 0) else { return "null" }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// A node that the caller owns.
    private func makeNode() -> OpaquePointer {
        let node: OpaquePointer = json_node_alloc()
        switch self {
        case .null:
            json_node_init_null(node)
        case .bool(let value):
            json_node_init_boolean(node, value ? 1 : 0)
        case .integer(let value):
            json_node_init_int(node, gint64(value))
        case .double(let value):
            json_node_init_double(node, value)
        case .string(let value):
            json_node_init_string(node, value)
        case .array(let values):
            let array = json_array_new()
            for value in values { json_array_add_element(array, value.makeNode()) }
            json_node_init_array(node, array)
            json_array_unref(array)
        case .object(let members):
            let object = json_object_new()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                json_object_set_member(object, name, value.makeNode())
            }
            json_node_init_object(node, object)
            json_object_unref(object)
        }
        return node
    }
}
