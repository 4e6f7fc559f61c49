/// Bytes that are no D-Bus message or answer, or a connection that cannot go on: it ends with this text.
///
/// What is merely wrong *inside* a well-framed message is a ``DBusFault`` instead, and the connection goes on.
struct DBusWireError: Error, Hashable, CustomStringConvertible {
    /// What was wrong, naming the field.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A refusal of one method call: what a D-Bus error answer carries.
struct DBusFault: Error, Hashable, CustomStringConvertible {
    /// The error's D-Bus name.
    let name: String
    /// What was wrong, naming the field.
    let description: String
    /// Whether it happens with a right peer too, or follows from what was told before: nothing to warn of.
    var isExpected = false

    init(_ name: String, _ description: String) {
        self.name = name
        self.description = description
    }

    static func invalidArguments(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.InvalidArgs", text)
    }

    static func unknownMethod(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.UnknownMethod", text)
    }

    static func unknownInterface(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.UnknownInterface", text)
    }

    static func unknownObject(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.UnknownObject", text)
    }

    static func unknownProperty(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.UnknownProperty", text)
    }

    static func propertyReadOnly(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.PropertyReadOnly", text)
    }

    static func notSupported(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.NotSupported", text)
    }

    static func failed(_ text: String) -> DBusFault {
        DBusFault("org.freedesktop.DBus.Error.Failed", text)
    }
}
