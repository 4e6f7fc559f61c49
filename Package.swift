// swift-tools-version: 6.2
import PackageDescription

/// Swift settings of every target, applied in the loop at the end.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
    name: "swiftvm",
    products: [
        .executable(name: "swiftvm-gtk", targets: ["swiftvm-gtk"]),
        .executable(name: "swiftvm-sdl", targets: ["swiftvm-sdl"]),
        .executable(name: "swiftvm-snapshot", targets: ["swiftvm-snapshot"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(
            url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // System libraries: module maps, nothing else.
        .systemLibrary(
            name: "CGIO", pkgConfig: "gio-unix-2.0", providers: [.apt(["libglib2.0-dev"])]),
        .systemLibrary(
            name: "CJSONGLib", pkgConfig: "json-glib-1.0",
            providers: [.apt(["libjson-glib-dev"])]),
        .systemLibrary(
            name: "CCairo", pkgConfig: "cairo", providers: [.apt(["libcairo2-dev"])]),
        .systemLibrary(
            name: "CEpoxy", pkgConfig: "epoxy", providers: [.apt(["libepoxy-dev"])]),
        .systemLibrary(name: "CGBM", pkgConfig: "gbm", providers: [.apt(["libgbm-dev"])]),
        .systemLibrary(
            name: "CGTK", pkgConfig: "gtk+-3.0", providers: [.apt(["libgtk-3-dev"])]),
        .systemLibrary(name: "CSDL", pkgConfig: "sdl2", providers: [.apt(["libsdl2-dev"])]),
        .systemLibrary(
            name: "CGdkPixbuf", pkgConfig: "gdk-pixbuf-2.0",
            providers: [.apt(["libgdk-pixbuf-2.0-dev"])]),
        .systemLibrary(
            name: "CPangoCairo", pkgConfig: "pangocairo", providers: [.apt(["libpango1.0-dev"])]),

        // The only C code of the programs.
        .target(name: "CShims"),
        .target(
            name: "CShimsGTK", dependencies: ["CGTK"],
            linkerSettings: [
                .linkedLibrary("wayland-client"), .linkedLibrary("wayland-egl"),
                .linkedLibrary("X11"),
            ]),
        .target(
            name: "CShimsMonitors",
            linkerSettings: [
                .linkedLibrary("wayland-client"), .linkedLibrary("xcb"),
                .linkedLibrary("xcb-randr"),
            ]),
        .target(
            name: "CShimsSDL", dependencies: ["CSDL"],
            linkerSettings: [
                .linkedLibrary("wayland-client"), .linkedLibrary("X11"), .linkedLibrary("Xi"),
            ]),

        .target(
            name: "CShimsX11",
            linkerSettings: [.linkedLibrary("xcb"), .linkedLibrary("xcb-shm")]),

        // The rooms. Imports run one way; Tools/lint checks it.
        .target(name: "GuestDisplay", dependencies: ["CShims", systemPackage, logging]),
        .target(
            name: "GuestDisplayGL",
            dependencies: [
                "GuestDisplay", "CCairo", "CEpoxy", "CGBM", "CShims", "CShimsX11", logging,
            ]),
        .target(
            name: "QEMUSource",
            dependencies: [
                "GuestDisplay", "CGIO", "CJSONGLib", "CShims", logging, systemPackage, subprocess,
            ]),
        .target(
            name: "Viewer",
            dependencies: ["GuestDisplay", "CPangoCairo", "CGdkPixbuf", argumentParser, logging]),
        .target(
            name: "MonitorList", dependencies: ["GuestDisplay", "Viewer", "CShimsMonitors"]),
        .target(
            name: "ViewerGTK",
            dependencies: [
                "GuestDisplay", "GuestDisplayGL", "Viewer", "MonitorList", "CGTK", "CShims",
                "CShimsGTK", "CEpoxy", logging,
            ]),
        .target(
            name: "ViewerSDL",
            dependencies: [
                "GuestDisplay", "GuestDisplayGL", "Viewer", "MonitorList", "CSDL", "CShims",
                "CShimsSDL", "CPangoCairo", logging,
            ]),
        .target(
            name: "ViewerHeadless",
            dependencies: ["GuestDisplay", "GuestDisplayGL", "Viewer", logging]),
        .target(
            name: "SourceChoice", dependencies: ["GuestDisplay", "QEMUSource", "Viewer", logging]),
        .executableTarget(
            name: "swiftvm-gtk",
            dependencies: ["GuestDisplay", "SourceChoice", "Viewer", "ViewerGTK", argumentParser]),
        .executableTarget(
            name: "swiftvm-sdl",
            dependencies: ["GuestDisplay", "SourceChoice", "Viewer", "ViewerSDL", argumentParser]),
        .executableTarget(
            name: "swiftvm-snapshot",
            dependencies: [
                "GuestDisplay", "SourceChoice", "Viewer", "ViewerHeadless", argumentParser,
            ]),

        // Tests and their doubles.
        .target(
            name: "CShimsTesting",
            linkerSettings: [
                .linkedLibrary("X11"), .linkedLibrary("Xtst"), .linkedLibrary("xcb"),
                .linkedLibrary("xcb-shm"),
            ]),
        .target(
            name: "DisplayTesting",
            dependencies: [
                "GuestDisplay", "CShims", "CShimsTesting", "CEpoxy", "CGBM", "CGdkPixbuf",
                systemPackage,
            ]),
        // What `make bench` runs, and how it counts allocations.
        .target(name: "CAllocations"),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "GuestDisplay", "GuestDisplayGL", "QEMUSource", "DisplayTesting", "CAllocations",
                "CCairo", "CShimsTesting", logging, argumentParser,
            ],
            path: "Tests/Benchmarks"),
        .testTarget(name: "GuestDisplayTests", dependencies: ["GuestDisplay", "DisplayTesting"]),
        .testTarget(
            name: "GuestDisplayGLTests",
            dependencies: [
                "GuestDisplay", "GuestDisplayGL", "DisplayTesting", "CCairo", "CEpoxy", logging,
            ]),
        .testTarget(
            name: "QEMUSourceTests",
            dependencies: ["GuestDisplay", "QEMUSource", "DisplayTesting", "CShims", logging]),
        .testTarget(
            name: "ViewerTests",
            dependencies: [
                "GuestDisplay", "Viewer", "MonitorList", "DisplayTesting", argumentParser,
            ]),
        .testTarget(
            name: "ViewerHeadlessTests",
            dependencies: [
                "GuestDisplay", "GuestDisplayGL", "Viewer", "ViewerHeadless", "DisplayTesting",
                "CGdkPixbuf", logging,
            ]),
        .testTarget(
            name: "ViewerSDLTests",
            dependencies: [
                "GuestDisplay", "Viewer", "ViewerSDL", "DisplayTesting", "CSDL", "CShimsSDL",
                systemPackage,
            ]),
        .testTarget(
            name: "RenderNodeTests",
            dependencies: [
                "GuestDisplay", "GuestDisplayGL", "QEMUSource", "DisplayTesting", "CShims",
                "CShimsTesting", logging,
            ]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "GuestDisplay", "DisplayTesting", "CShims", "swiftvm-gtk", "swiftvm-sdl",
                "swiftvm-snapshot",
            ]),
    ]
)

for target in package.targets where target.type != .system && !target.name.hasPrefix("C") {
    target.swiftSettings = (target.swiftSettings ?? []) + settings
}
