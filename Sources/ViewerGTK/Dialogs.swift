internal import CGTK
internal import CShimsGTK
internal import Viewer

/// Questions and messages, over a window, without a loop of their own.
@MainActor
enum Dialogs {
    /// Asks; Escape and closing choose the first answer, Return as well.
    static func ask(
        over parent: UnsafeMutablePointer<GtkWidget>, _ question: String, details: String,
        answers: [Answer]
    ) {
        let dialog = swiftvm_message_dialog(
            cast(parent), GTK_MESSAGE_QUESTION, question, details)
        for (index, answer) in answers.enumerated() {
            let button = gtk_dialog_add_button(cast(dialog), answer.label, Int32(index))!
            if answer.isDestructive {
                gtk_style_context_add_class(
                    gtk_widget_get_style_context(button), "destructive-action")
            }
        }
        gtk_dialog_set_default_response(cast(dialog), 0)
        Signals.connectNumber(dialog, "response") { response in
            gtk_widget_destroy(dialog)
            let index = Int(response)
            if answers.indices.contains(index) {
                answers[index].action()
            } else {
                answers.first?.action()
            }
        }
        gtk_widget_show_all(dialog)
    }

    /// Says what failed.
    static func complain(
        over parent: UnsafeMutablePointer<GtkWidget>, _ text: String, details: String
    ) {
        let dialog = swiftvm_message_dialog(cast(parent), GTK_MESSAGE_ERROR, text, details)
        gtk_dialog_add_button(cast(dialog), "Close", 0)
        Signals.connectNumber(dialog, "response") { _ in gtk_widget_destroy(dialog) }
        gtk_widget_show_all(dialog)
    }

    /// Asks where to save a PNG; `chosen` gets the path.
    static func savePNG(
        over parent: UnsafeMutablePointer<GtkWidget>, suggestedName: String,
        chosen: @escaping @MainActor (String) -> Void
    ) {
        let dialog = gtk_file_chooser_native_new(
            "Save Screenshot", cast(parent), GTK_FILE_CHOOSER_ACTION_SAVE, "_Save", "_Cancel")!
        let object = Object(dialog)
        let chooser = OpaquePointer(object)
        gtk_file_chooser_set_do_overwrite_confirmation(chooser, 1)
        gtk_file_chooser_set_current_name(chooser, suggestedName)
        let filter = gtk_file_filter_new()
        gtk_file_filter_set_name(filter, "PNG pictures")
        gtk_file_filter_add_mime_type(filter, "image/png")
        gtk_file_chooser_add_filter(chooser, filter)
        if let pictures = g_get_user_special_dir(G_USER_DIRECTORY_PICTURES) {
            gtk_file_chooser_set_current_folder(chooser, pictures)
        }
        Signals.connectNumber(object, "response") { response in
            if response == GTK_RESPONSE_ACCEPT.rawValue,
                let path = gtk_file_chooser_get_filename(chooser)
            {
                let name = String(cString: path)
                // The chooser has asked about a file of the name as it was typed, not of the one with its ending.
                if name.lowercased().hasSuffix(".png") {
                    chosen(name)
                } else if g_file_test("\(name).png", G_FILE_TEST_EXISTS) == 0 {
                    chosen("\(name).png")
                } else {
                    complain(
                        over: parent, "The screenshot was not saved",
                        details: "\(name).png is there already; choose another name.")
                }
                g_free(path)
            }
            g_object_unref(object)
        }
        gtk_native_dialog_show(object.assumingMemoryBound(to: GtkNativeDialog.self))
    }
}
