internal import Glibc
public import GuestDisplay

/// Where a picture is written: whole or not at all.
public struct OutputFile {
    private enum Kind {
        case standardOutput
        /// A regular file, there or not yet: replaced at once.
        case regular(path: String)
        /// A device or a pipe: written as it is.
        case special(path: String)
    }

    private let kind: Kind
    private let name: String

    /// Checks, without changing anything, that `path` can be written; `-` is standard output. Throws why not.
    public init(_ path: String) throws(DisplayError) {
        name = path
        if path == "-" {
            kind = .standardOutput
            return
        }
        var status = stat()
        if stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                throw OutputFile.error(path, "it is a directory; name a file in it")
            case S_IFREG:
                guard access(path, W_OK) == 0 else { throw OutputFile.error(path, errno) }
                // A link stays; the file that it names is replaced.
                guard let real = realpath(path, nil) else { throw OutputFile.error(path, errno) }
                defer { free(real) }
                kind = .regular(path: String(cString: real))
            default:
                guard access(path, W_OK) == 0 else { throw OutputFile.error(path, errno) }
                kind = .special(path: path)
                return
            }
        } else {
            guard errno == ENOENT, !path.isEmpty, !path.hasSuffix("/") else {
                throw OutputFile.error(path, path.hasSuffix("/") ? EISDIR : errno)
            }
            kind = .regular(path: path)
        }
        if case .regular(let file) = kind {
            guard access(OutputFile.folder(of: file), W_OK | X_OK) == 0 else {
                throw OutputFile.error(path, errno)
            }
        }
    }

    /// Writes all bytes. A regular file that was there is replaced only when all are written.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(DisplayError) {
        switch kind {
        case .standardOutput:
            try write(bytes, to: STDOUT_FILENO)
        case .special(let path):
            let file = open(path, O_WRONLY | O_CLOEXEC)
            if file < 0 { throw OutputFile.error(name, errno) }
            defer { close(file) }
            try write(bytes, to: file)
        case .regular(let path):
            try replace(path, with: bytes)
        }
    }

    private func replace(_ path: String, with bytes: UnsafeRawBufferPointer) throws(DisplayError) {
        var template = Array("\(OutputFile.folder(of: path))/.swiftvm-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        if file < 0 { throw OutputFile.error(name, errno) }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        do throws(DisplayError) {
            defer { close(file) }
            // As any other new file, or as the one it replaces.
            var status = stat()
            let mask = umask(0)
            umask(mask)
            let mode = stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o666 & ~mask
            fchmod(file, mode)
            try write(bytes, to: file)
            guard rename(template, path) == 0 else { throw OutputFile.error(name, errno) }
        } catch {
            unlink(template)
            throw error
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: CInt) throws(DisplayError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(file, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw OutputFile.error(name, errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func error(_ path: String, _ code: CInt) -> DisplayError {
        error(path, "\(String(cString: strerror(code))); choose a file that can be written")
    }

    private static func error(_ path: String, _ reason: String) -> DisplayError {
        let name = path == "-" ? "standard output" : path
        return DisplayError("cannot write \(name): \(reason)")
    }
}
