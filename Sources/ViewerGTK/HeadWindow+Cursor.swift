internal import CGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

extension HeadWindow {
    func updateCursor() {
        guard gtk_widget_get_realized(presenter.widget) != 0 else { return }
        let display = gtk_widget_get_display(widget)!
        GuestCursor.set(windowCursor(display), on: presenter.widget)
    }

    private func windowCursor(_ display: OpaquePointer) -> OpaquePointer? {
        guard takesInput, guestSize != .zero else { return nil }
        if input.holdsPointer { return GuestCursor.blank(display) }
        if pointerMode == .relative { return nil }
        let cursor = pictures.cursor
        guard cursor.isDefined else {
            return GuestCursor.dot(display, scale: presenter.scaleFactor)
        }
        guard let shape = cursor.shape, !shape.isInvisible, cursor.position?.isVisible != false
        else { return GuestCursor.blank(display) }
        return GuestCursor.shape(shape, display, scale: presenter.scaleFactor)
    }

    // With a relative mouse the guest decides where its cursor is, so it is drawn there.
    func guestCursorLayer(_ geometry: PictureGeometry) -> Layer? {
        let cursor = pictures.cursor
        guard pointerMode == .relative, session.end == nil, let shape = cursor.shape,
            let position = cursor.position, position.isVisible, !geometry.guest.isEmpty
        else { return nil }
        if cursorLayer?.serial != cursor.shapeSerial {
            cursorLayer = (
                cursor.shapeSerial, Layer.Content(size: shape.size, pixels: shape.pixels)
            )
        }
        guard let content = cursorLayer?.content else { return nil }
        let (guest, frame) = (geometry.guest, geometry.frame)
        let left = Double(position.x - shape.hotSpotX) * Double(frame.width) / Double(guest.width)
        let top = Double(position.y - shape.hotSpotY) * Double(frame.height) / Double(guest.height)
        return Layer(
            content: content,
            frame: Rect(
                x: frame.x + Int(left.rounded()), y: frame.y + Int(top.rounded()),
                width: max(1, shape.size.width * frame.width / guest.width),
                height: max(1, shape.size.height * frame.height / guest.height)))
    }
}
