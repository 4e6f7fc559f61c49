internal import CGTK
internal import Dispatch
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

extension HeadWindow: HeadMenuDelegate {
    func setFullScreen(_ on: Bool) {
        on ? gtk_window_fullscreen(cast(widget)) : gtk_window_unfullscreen(cast(widget))
    }

    func setScaleMode(_ mode: ScaleMode) {
        scaleMode = mode
        stateDidChange()
    }

    func setResizesGuest(_ on: Bool) {
        resizesGuest = on
        menu.update(session: session, hasPicture: hasPicture)
        areaResized()
    }

    func send(_ combination: KeyCombination) {
        session.send(combination, to: head.id)
    }

    func togglePause() {
        perform(session.machineState == .paused ? .resume : .pause)
    }

    func perform(_ action: MachineAction) {
        let act: @MainActor () -> Void = { [session, widget] in
            session.perform(action) { error in
                Dialogs.complain(
                    over: widget, "The guest did not take it", details: error.description)
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

    func quit() {
        delegate?.windowWantsToQuit(self)
    }

    func saveScreenshot() {
        guard case .picture(let picture) = pictures.content else { return }
        let now = g_date_time_new_now_local()
        let stamp = g_date_time_format(now, "%Y-%m-%d %H-%M-%S")
        let name = "\(session.guestName.replacing("/", with: "-")) \(String(cString: stamp!)).png"
        g_free(stamp)
        g_date_time_unref(now)
        Dialogs.savePNG(over: widget, suggestedName: name) { [weak self] path in
            self?.save(picture, to: path)
        }
    }

    private func save(_ picture: Picture, to path: String) {
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
                        Dialogs.complain(
                            over: self.widget, "The screenshot was not saved", details: failure)
                    } else {
                        self.show(hint: "Saved \(PlainText.oneLine(path, limit: 200))")
                    }
                }
            }
        }
    }

    private func confirm(
        _ question: String, _ label: String, _ action: @escaping @MainActor () -> Void
    ) {
        Dialogs.ask(
            over: widget, question, details: "What it has not saved is lost.",
            answers: [
                Dialogs.Answer(label: "Cancel", isDestructive: false) {},
                Dialogs.Answer(label: label, isDestructive: true, action: action),
            ])
    }
}
