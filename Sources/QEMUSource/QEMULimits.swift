/// How long to wait for QEMU before a step counts as failed. Milliseconds.
///
/// QEMU answers each of these from its main loop, usually within a millisecond; a loop that is busy for seconds (a snapshot being
/// written, a stopped process) is what the limits are for.
package struct QEMULimits: Sendable {
    /// From the connection to a monitor socket to its greeting; a monitor that another program holds gives none.
    package var greeting = 5000
    /// From a QMP or HMP command to its answer.
    package var command = 5000
    /// From a D-Bus call, or the start of its connection, to the answer.
    package var call = 5000
    /// From the start of a QEMU to its greeting. Loading modules from a cold disk takes seconds; one that fails exits and is
    /// told at once.
    package var launch = 60_000
    /// From asking the program that shows a guest to let go, to its doing so.
    package var takeOver = 3000
    /// From the loss of one connection to what tells why: the other connection's end, the exit status.
    package var end = 3000
    /// From a console's new size to a picture of that size, before it is asked for.
    package var scanout = 200
    /// From a listener that was lost or refused to the next try.
    package var retry = 1000
    /// From the end of a display to QEMU's answer to a request for an update that is under way; it needs a few.
    package var update = 100
    /// From `quit` to the end of the process, and from SIGTERM to it.
    package var quit = 5000

    /// The limits that the programs use.
    package init() {}
}
