internal import CGIO
internal import GuestDisplay
internal import SystemPackage

/// Why a D-Bus operation failed.
struct DBusError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The D-Bus error's name, such as `org.freedesktop.DBus.Error.NameHasNoOwner`; empty for a local error.
    let name: String
    /// What went wrong, one line.
    let description: String

    /// Takes over GLib's error.
    init(taking error: UnsafeMutablePointer<GError>?) {
        guard let error else {
            name = ""
            description = "an unknown error"
            return
        }
        let remote = g_dbus_error_get_remote_error(error)
        name = remote.map { String(cString: $0) } ?? ""
        g_free(remote)
        g_dbus_error_strip_remote_error(error)
        description = String(cString: error.pointee.message).firstLine(upTo: 300)
        g_error_free(error)
    }
}

/// A GDBus connection: peer to peer, or to a bus. Any thread may call; signals come on the thread that made it.
final class DBusConnection: @unchecked Sendable {
    let connection: OpaquePointer
    /// Whom calls go to: a unique name on a bus, nil for the peer.
    let destination: String?

    /// Takes over a reference.
    private init(taking connection: OpaquePointer, destination: String?) {
        self.connection = connection
        self.destination = destination
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(connection))
    }

    // MARK: - Connecting

    /// Authenticates as the client of the peer at the other end of the socket. Signals come on the calling thread's default context.
    static func connect(
        peer socket: consuming OwnedDescriptor, limits: QEMULimits
    ) throws(DBusError) -> DBusConnection {
        var error: UnsafeMutablePointer<GError>?
        let number = socket.take()
        guard let wrapped = g_socket_new_from_fd(number, &error) else {
            try? FileDescriptor(rawValue: number).close()
            throw DBusError(taking: error)
        }
        defer { g_object_unref(wrapped) }
        let stream = g_socket_connection_factory_create_connection(wrapped)!
        defer { g_object_unref(stream) }
        let connection = Deadline.run(milliseconds: limits.call) { cancellable in
            g_dbus_connection_new_sync(
                UnsafeMutableRawPointer(stream).assumingMemoryBound(to: GIOStream.self), nil,
                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, nil, cancellable, &error)
        }
        guard let connection else { throw DBusError(taking: error) }
        return DBusConnection(taking: connection, destination: nil)
    }

    /// Connects to the bus at that address, or to the session bus. Signals come on the calling thread's default context.
    static func connect(
        bus address: String?, limits: QEMULimits
    ) throws(DBusError) -> DBusConnection {
        var error: UnsafeMutablePointer<GError>?
        var address = address
        if address == nil {
            // A connection of our own: the shared one of g_bus_get ends the process with the bus.
            let found = Deadline.run(milliseconds: limits.call) {
                g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, $0, &error)
            }
            guard let found else { throw DBusError(taking: error) }
            address = String(cString: found)
            g_free(found)
        }
        let flags = GDBusConnectionFlags(
            rawValue: G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT.rawValue
                | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION.rawValue)
        let connection = Deadline.run(milliseconds: limits.call) {
            g_dbus_connection_new_for_address_sync(address!, flags, nil, $0, &error)
        }
        guard let connection else { throw DBusError(taking: error) }
        return DBusConnection(taking: connection, destination: nil)
    }

    /// The same connection, for calls to that name.
    func addressing(_ destination: String) -> DBusConnection {
        g_object_ref(UnsafeMutableRawPointer(connection))
        return DBusConnection(taking: connection, destination: destination)
    }

    /// Whether the other side can be sent descriptors.
    var passesDescriptors: Bool {
        g_dbus_connection_get_capabilities(connection).rawValue
            & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING.rawValue != 0
    }

    /// Ends the connection; never waits.
    func close() {
        g_dbus_connection_close(connection, nil, nil, nil)
    }

    // MARK: - Calling

    /// Calls a method and waits for the answer, at most `milliseconds`. A descriptor goes along as handle 0 and stays the
    /// caller's.
    func call(
        _ path: String, _ interface: String, _ method: String, _ arguments: [Variant] = [],
        descriptor: CInt? = nil, to name: String? = nil, milliseconds: Int
    ) throws(DBusError) -> Variant {
        var error: UnsafeMutablePointer<GError>?
        let descriptors = descriptor.map { _ in g_unix_fd_list_new()! }
        defer { if let descriptors { g_object_unref(descriptors) } }
        if let descriptors, let descriptor,
            g_unix_fd_list_append(descriptors, descriptor, &error) < 0
        {
            throw DBusError(taking: error)
        }
        let parameters = Variant.tuple(arguments)
        let result = withExtendedLifetime(parameters) {
            g_dbus_connection_call_with_unix_fd_list_sync(
                connection, name ?? destination, path, interface, method, parameters.pointer, nil,
                G_DBUS_CALL_FLAGS_NO_AUTO_START, gint(milliseconds), descriptors, nil, nil, &error)
        }
        guard let result else { throw DBusError(taking: error) }
        return Variant(taking: result)
    }

    /// Calls a method without asking for an answer: input goes out in the order of the calls, and nobody waits.
    func send(_ path: String, _ interface: String, _ method: String, _ arguments: [Variant]) {
        let parameters = Variant.tuple(arguments)
        withExtendedLifetime(parameters) {
            g_dbus_connection_call(
                connection, destination, path, interface, method, parameters.pointer, nil,
                G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, nil, nil, nil)
        }
    }

    /// Calls a method; the answer, or nil for a failure, comes on the calling thread's default context.
    func request(
        _ path: String, _ interface: String, _ method: String, milliseconds: Int,
        _ completion: @escaping @Sendable (Variant?) -> Void
    ) {
        g_dbus_connection_call(
            connection, destination, path, interface, method, nil, nil,
            G_DBUS_CALL_FLAGS_NO_AUTO_START, gint(milliseconds), nil, finishRequest,
            Unmanaged.passRetained(Completion(completion)).toOpaque())
    }

    // MARK: - Signals

    /// Calls `body` with the path and the arguments of each signal of that interface, on the calling thread's default context, until
    /// the connection is closed.
    func subscribe(
        interface: String, member: String? = nil, from sender: String? = nil,
        argument: String? = nil,
        _ body:
            @escaping @Sendable (_ path: String, _ member: String, _ arguments: [Variant]) -> Void
    ) {
        _ = g_dbus_connection_signal_subscribe(
            connection, sender ?? destination, interface, member, nil, argument,
            G_DBUS_SIGNAL_FLAGS_NONE, deliverSignal,
            Unmanaged.passRetained(Subscription(body)).toOpaque(), releaseObject)
    }

    /// Calls `body` when the connection is closed by either side, on the context of the thread that made it.
    func onClosed(_ body: @escaping @Sendable () -> Void) {
        let callback: @convention(c) (gpointer?, gboolean, gpointer?, gpointer?) -> Void =
            deliverClosed
        g_signal_connect_data(
            UnsafeMutableRawPointer(connection), "closed",
            unsafeBitCast(callback, to: GCallback.self),
            Unmanaged.passRetained(Action(body)).toOpaque(), releaseClosure,
            GConnectFlags(rawValue: 0))
    }
}
