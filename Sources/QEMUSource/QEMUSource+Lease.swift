internal import Glibc
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// Programs together: one at a time has a peer-to-peer display, and none takes it unasked.
extension QEMUSource {
    /// Takes the lease of the QEMU behind a connected monitor socket; with ``takesOver``, from the program that has it. A holder that
    /// does not let go is left behind: QEMU gives the display to who asks, if only its monitor is free.
    func takeLease(
        of socket: borrowing OwnedDescriptor, named name: String, path: String?
    ) throws(DisplayError) {
        guard let guest = GuestIdentity(monitor: socket.rawValue, path: path) else {
            return logger.debug("\(name): which QEMU this is cannot be found out: no lease")
        }
        try takeLease(of: guest, named: name)
    }

    /// Takes the lease of a guest, or of one monitor of it.
    func takeLease(of guest: GuestIdentity, named name: String) throws(DisplayError) {
        // Each round another program came between, or the name belongs to a socket that does not listen: yet, or no longer, as a child
        // that is being started has a copy of it until its exec. Nothing tells when that is over; it takes a moment.
        for _ in 0..<1000 {
            if try tryLease(of: guest) { return }
            guard let holder = LeaseHolder(of: guest) else {
                usleep(1000)
                continue
            }
            guard takesOver else {
                throw DisplayError(
                    """
                    \(name): \(holder.program) shows this guest, and its display has one client at a \
                    time: take it over with --take-over, or start QEMU with -display dbus (or \
                    -display dbus,addr=BUS), which several programs can watch; a second -qmp gives it \
                    a second monitor, but no second display
                    """)
            }
            logger.info("asking \(holder.program) to let go of the guest")
            switch holder.letGo(milliseconds: limits.takeOver) {
            case .hasLetGo:
                logger.info("\(holder.program) has let go of the guest")
            case .refused:
                logger.warning(
                    "\(holder.program) lets go only for its own user: taking the display all the same"
                )
                return leave(holder, of: guest)
            case .silent:
                logger.warning(
                    "\(holder.program) does not answer: taking the display all the same")
                return leave(holder, of: guest)
            }
        }
        throw DisplayError(
            "\(name): another program is just taking this guest, or letting go of it: try again")
    }

    /// Whether the lease is ours now, or cannot be had by anybody here.
    private func tryLease(of guest: GuestIdentity) throws(DisplayError) -> Bool {
        let outcome = GuestLease.take(guest) { [weak self] program in self?.give(to: program) }
        switch outcome {
        case .taken: return false
        case .failed(let error):
            logger.notice(
                "no lease of the guest, other programs will not know of this one: \(error)")
            return true
        case .held(let lease):
            let isWanted = state.withLock { state in
                let isWanted = state.phase == .connecting || state.phase == .connected
                if isWanted { state.leases.append(lease) }
                return isWanted
            }
            if !isWanted { lease.release() }
            return true
        }
    }

    /// Goes on without the lease until its holder is gone.
    private func leave(_ holder: LeaseHolder, of guest: GuestIdentity) {
        state.withLock { $0.oldHolders.append(holder) }
        startThread("lease-wait") { [weak self] in
            holder.waitForEnd()
            for _ in 0..<1000 {
                guard let self, (try? tryLease(of: guest)) == false else { return }
                // Another may have been quicker.
                if LeaseHolder(of: guest) != nil { return }
                usleep(1000)
            }
        }
    }

    /// Another program asks for the guest. On the lease's thread; never waits.
    private func give(to program: PeerProgram) {
        let (isConnecting, qmp) = state.withLock { state in
            if state.taker == nil { state.taker = program }
            return (state.phase == .connecting, state.qmp)
        }
        if isConnecting {
            // Connecting fails now, and lets go.
            qmp?.close()
        } else {
            loop.post { [weak self] in
                guard let self else { return }
                finish(taken(by: program))
            }
        }
    }

    /// What a viewer says of its display when a program has taken it.
    func taken(by program: PeerProgram) -> SourceEnd {
        .takenOver(
            """
            \(program) has taken this guest's display over, and the guest goes on: take it back with \
            --take-over, or use a bus (-display dbus), which several programs can watch
            """)
    }

    /// What to say when that happened before there was a display.
    func takenWhileConnecting(by program: PeerProgram) -> DisplayError {
        DisplayError(
            "\(program) has taken this guest over while it was being connected: take it back with --take-over"
        )
    }

    /// A connection to the second monitor of a QEMU that this program started.
    func openMonitorOfLaunched() throws(DisplayError) -> OwnedDescriptor {
        guard let path = launched?.monitor else {
            throw DisplayError("the QEMU that was started has ended")
        }
        return try QEMUSource.open(monitor: path)
    }
}
