internal import Dispatch
internal import Glibc
internal import GuestDisplay

extension HeadController {
    /// The menu now.
    public var menu: Menu {
        Menu([viewEntries, headEntries, toolEntries, machineEntries, programEntries])
    }

    private var viewEntries: [MenuEntry] {
        [
            MenuEntry(
                "fullscreen", "Full Screen", shortcut: .fullScreen, mark: .check(isFullScreen)
            ) { [weak self] in self?.perform(.fullScreen) },
            MenuEntry(
                "scale", "Scale", shortcut: .scale,
                entries: [
                    scaleEntry(.fit, "Fit to Window"), scaleEntry(.oneToOne, "1:1"),
                ]),
            MenuEntry("resize-guest", "Resize Guest with Window", mark: .check(resizesGuest)) {
                [weak self] in
                guard let self else { return }
                self.setResizesGuest(!self.resizesGuest)
            },
            MenuEntry(
                "statistics", "Statistics", shortcut: .statistics, mark: .check(showsStatistics)
            ) { [weak self] in self?.perform(.statistics) },
        ]
    }

    private func scaleEntry(_ mode: ScaleMode, _ label: String) -> MenuEntry {
        MenuEntry(mode.rawValue, label, mark: .radio(scaleMode == mode)) { [weak self] in
            self?.setScaleMode(mode)
        }
    }

    // Where there is a choice.
    private var headEntries: [MenuEntry] {
        guard session.heads.count > 1 else { return [] }
        let entries = session.heads.map { head in
            let isOpen = owner?.isOpen(head.id) ?? false
            return MenuEntry(
                "\(head.id)", "\(head.id): \(PlainText.oneLine(head.label, limit: 40))",
                isEnabled: session.end == nil, mark: .check(isOpen)
            ) { [weak self] in self?.owner?.setOpen(!isOpen, head.id) }
        }
        let everywhere = owner?.isFullScreenEverywhere ?? false
        let all = MenuEntry(
            "fullscreen-all", "Full Screen on All Monitors", isEnabled: session.end == nil,
            mark: .check(everywhere)
        ) { [weak self] in self?.owner?.setFullScreenEverywhere(!everywhere) }
        return [MenuEntry("heads", "Heads", entries: entries + [all])]
    }

    private var toolEntries: [MenuEntry] {
        let keys = KeyCombination.all.map { combination in
            MenuEntry(combination.label, combination.label) { [weak self] in
                guard let self else { return }
                self.session.send(combination, to: self.head.id)
            }
        }
        return [
            MenuEntry("send-keys", "Send Keys", isEnabled: takesInput, entries: keys),
            MenuEntry("screenshot", "Screenshot…", isEnabled: hasPicture) { [weak self] in
                self?.saveScreenshot()
            },
        ]
    }

    private var machineEntries: [MenuEntry] {
        let isPaused = session.machineState == .paused
        let pause = isPaused ? MachineAction.resume : .pause
        return [
            MenuEntry(
                "pause", "Pause", isEnabled: session.canPerform(pause), mark: .check(isPaused)
            ) { [weak self] in self?.perform(pause) },
            machineEntry("reset", "Reset…", .reset),
            machineEntry("power-off", "Power Off", .powerButton),
            machineEntry("force-off", "Force Off…", .quit),
        ]
    }

    private func machineEntry(_ id: String, _ label: String, _ action: MachineAction) -> MenuEntry {
        MenuEntry(id, label, isEnabled: session.canPerform(action)) { [weak self] in
            self?.perform(action)
        }
    }

    private var programEntries: [MenuEntry] {
        let takeBack = MenuEntry(
            "take-back", "Take Display Back", shortcut: .takeBack, isEnabled: session.canTakeBack
        ) { [weak self] in self?.perform(.takeBack) }
        return (session.takeBackNotice == .impossible ? [] : [takeBack]) + [
            MenuEntry("quit", "Quit") { [weak self] in
                guard let self else { return }
                self.owner?.headWantsToQuit(self.head.id)
            }
        ]
    }

    private func perform(_ action: MachineAction) {
        let act: @MainActor () -> Void = { [session, weak window] in
            session.perform(action) { error in
                window?.complain("The guest did not take it", details: error.description)
            }
        }
        switch action {
        case .reset:
            confirm("Reset the guest?", "Reset", act)
        case .quit:
            confirm("Force the guest off?", "Force Off", act)
        case .powerButton:
            act()
            show(hint: "The guest was asked to power off")
        case .pause, .resume:
            act()
        }
    }

    private func confirm(
        _ question: String, _ label: String, _ action: @escaping @MainActor () -> Void
    ) {
        window?.ask(
            question, details: "What it has not saved is lost.",
            answers: [
                Answer(label: "Cancel", isDestructive: false) {},
                Answer(label: label, isDestructive: true, action: action),
            ])
    }
}

// MARK: - Screenshot

extension HeadController {
    private func saveScreenshot() {
        guard let picture = newestPicture else { return }
        window?.askWhereToSave(suggestedName: screenshotName) { [weak self] path in
            self?.save(picture, to: path)
        }
    }

    private var screenshotName: String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        strftime(&buffer, buffer.count, "%Y-%m-%d %H-%M-%S", &parts)
        let stamp = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        return "\(session.guestName.replacing("/", with: "-")) \(stamp).png"
    }

    private func save(_ picture: Pictures.Picture, to path: String) {
        let size = picture.size
        pictures.readPixels(of: picture) { [weak self] result in
            var failure: String?
            do {
                let pixels = try result.get()
                let file = try OutputFile(path)
                try PNG.withEncoded(pixels, size: size) { bytes throws(DisplayError) in
                    try file.write(bytes)
                }
            } catch {
                failure = "\(error)"
            }
            DispatchQueue.main.async { [failure] in
                MainActor.assumeIsolated {
                    guard let self else { return }
                    if let failure {
                        self.window?.complain("The screenshot was not saved", details: failure)
                    } else {
                        self.show(hint: "Saved \(PlainText.oneLine(path, limit: 200))")
                    }
                }
            }
        }
    }
}
