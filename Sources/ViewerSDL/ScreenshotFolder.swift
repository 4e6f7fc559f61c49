internal import Glibc

/// Where screenshots go, as there is no chooser of files: the user's folder of pictures, or the current one.
enum ScreenshotFolder {
    /// A path of that name that is not there yet.
    static func unused(_ name: String) -> String {
        let folder = pictures ?? current
        let stem = name.hasSuffix(".png") ? String(name.dropLast(4)) : name
        var path = "\(folder)/\(stem).png"
        var number = 2
        while access(path, F_OK) == 0 {
            path = "\(folder)/\(stem) (\(number)).png"
            number += 1
        }
        return path
    }

    // XDG_PICTURES_DIR of user-dirs.dirs is a shell's line; the folder's usual name serves those who have not moved it.
    private static var pictures: String? {
        guard let home = getenv("HOME"), home.pointee != 0 else { return nil }
        let path = String(cString: home) + "/Pictures"
        return access(path, W_OK | X_OK) == 0 ? path : nil
    }

    private static var current: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }
}
