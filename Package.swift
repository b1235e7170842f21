// swift-tools-version: 6.2

import PackageDescription

/// Every Swift target: strict, warnings are errors, imports internal unless said otherwise.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let strictC: [CSetting] = [
    .enableWarning("all"),
    .enableWarning("extra"),
    .treatAllWarnings(as: .error),
]

let strictCXX: [CXXSetting] = [
    .enableWarning("all"),
    .enableWarning("extra"),
    .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

// What the core calls of the kernel, and the simulation of the driver answers in its place; see Tests/CSimulatedKernel.
let simulatedCalls = [
    "access", "bind", "cadre_give_up_bounding_set", "cadre_pidfd_open", "cadre_pidfd_send_signal", "cadre_spawn",
    "chmod",
    "clock_gettime", "close", "closedir", "dup3", "epoll_create1", "epoll_ctl", "epoll_wait", "eventfd", "faccessat",
    "fchmod", "fcntl", "fgetxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstatat", "fstatfs", "ftruncate",
    "getdents64", "getsockname", "inotify_add_watch", "inotify_init1", "inotify_rm_watch", "ioctl", "lseek", "mkdir",
    "mkdirat", "openat", "opendir", "poll", "posix_fallocate", "pthread_create", "pwrite", "read", "readdir",
    "realpath", "recv",
    "rename", "renameat2", "rmdir",
    "send", "sendmsg", "socket", "timerfd_create", "timerfd_settime", "unlink", "unlinkat", "waitid", "write",
]

let package = Package(
    name: "cadre",
    products: [
        .executable(name: "cadre", targets: ["CadreCommand"]),
        .executable(name: "cadre-stage", targets: ["CadreStage"]),
        .library(name: "Cadre", targets: ["Cadre"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        // The rooms, from the ground up. A target may depend only on those above it in this list.
        .target(name: "CLinux", cSettings: strictC),
        .target(name: "CSeccomp", dependencies: ["CLinux"], cSettings: strictC),
        // What builds the walls of a sandbox, in the place of the worker that it then executes.
        .executableTarget(
            name: "CadreStage", dependencies: ["CLinux"], path: "Sources/cadre-stage", cSettings: strictC,
            // It is executed at each start of a worker with a sandbox, and has nothing of Swift: without the start-up of that
            // and without the dynamic linker it takes a third of the time. (Debug builds have to work with sanitizers.)
            // No warning that -pie, which the compiler passes, is of no use beside -static.
            linkerSettings: [
                .unsafeFlags(
                    [
                        "-static-stdlib", "-nostartfiles", "-Xclang-linker", "-static", "-Xclang-linker",
                        "-Wno-unused-command-line-argument", "-Xlinker", "--as-needed",
                        "-Xlinker", "--gc-sections",
                    ], .when(configuration: .release))
            ]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CCapabilities", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .target(name: "Reactor", dependencies: ["CLinux", heap, system], swiftSettings: strict),
        .target(
            name: "Processes", dependencies: ["CLinux", "CCapabilities", "CSeccomp", "Reactor", system],
            swiftSettings: strict),
        .target(
            name: "Systemd", dependencies: ["CLinux", "CSystemd", "Reactor", logging, system], swiftSettings: strict),
        .target(name: "Keeper", dependencies: ["CLinux", "Processes", "Reactor", system], swiftSettings: strict),
        .target(name: "ControlGroups", dependencies: ["CLinux", "Reactor", system], swiftSettings: strict),
        .target(
            name: "Probes", dependencies: ["CLinux", "ControlGroups", "Processes", "Reactor", system],
            swiftSettings: strict),
        .target(name: "Supervision", swiftSettings: strict),
        // toml++ has headers alone, so what is linked is in the program, and no library is needed where it runs.
        .target(name: "CTOML", cxxSettings: strictCXX),
        .target(
            name: "Specification",
            dependencies: ["CLinux", "CTOML", "ControlGroups", "Processes", "Reactor", "Supervision", system],
            swiftSettings: strict),
        .target(
            name: "Cadre",
            dependencies: [
                "CLinux", "ControlGroups", "Keeper", "Probes", "Processes", "Reactor", "Specification", "Supervision",
                "Systemd",
                logging, system,
            ],
            swiftSettings: strict),
        .target(name: "COpenAPI", exclude: ["openapi.json"], cSettings: strictC + [.disableWarning("c23-extensions")]),
        .target(
            name: "ControlAPI",
            dependencies: [
                "CLinux", "COpenAPI", "Cadre", "ControlGroups", "Processes", "Reactor", "Specification", "Supervision",
                "Systemd",
                httpTypes, hummingbird, hummingbirdCore, logging, nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1,
                nioPosix, nioSSL, system,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "CadreCommand",
            dependencies: [
                "CLinux", "Cadre", "ControlAPI", "ControlGroups", "Keeper", "Processes", "Reactor", "Specification",
                "Supervision", "Systemd", argumentParser, logging, system,
            ],
            path: "Sources/cadre", swiftSettings: strict),
        .executableTarget(
            name: "embedding", dependencies: ["Cadre", "Specification", "Supervision", logging],
            path: "examples/embedding", swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["CLinux", "Reactor", system], swiftSettings: strict),
        .testTarget(
            name: "ControlGroupsTests", dependencies: ["CLinux", "ControlGroups", "Reactor", system],
            swiftSettings: strict),
        .testTarget(
            name: "KeeperTests", dependencies: ["CLinux", "Keeper", "Processes", "Reactor", "TestWorker", system],
            swiftSettings: strict),
        .testTarget(
            name: "ProbesTests",
            dependencies: ["CLinux", "ControlGroups", "Probes", "Processes", "Reactor", "TestWorker", system],
            swiftSettings: strict),
        // A world around the pure rooms, in virtual time, and a program that lets it run for long.
        .target(
            name: "Simulation", dependencies: ["Supervision", heap], path: "Tests/Simulation", swiftSettings: strict),
        .executableTarget(
            name: "simulate", dependencies: ["Simulation", "Supervision", argumentParser], path: "Tests/simulate",
            swiftSettings: strict),
        // The same for the driver, with a kernel of its own. No other target may depend on the program: it would be linked
        // without what leads the driver's calls to that kernel.
        .target(name: "CSimulatedKernel", path: "Tests/CSimulatedKernel", cSettings: strictC),
        .target(
            name: "DriverSimulation",
            dependencies: [
                "CLinux", "CSimulatedKernel", "Cadre", "ControlGroups", "Keeper", "Reactor", "Simulation",
                "Specification",
                "Supervision", heap, logging,
            ],
            path: "Tests/DriverSimulation", swiftSettings: strict),
        .executableTarget(
            name: "simulate-driver",
            dependencies: ["CLinux", "DriverSimulation", "Processes", "Reactor", "Simulation", argumentParser],
            path: "Tests/simulate-driver", swiftSettings: strict,
            linkerSettings: [.unsafeFlags(simulatedCalls.flatMap { ["-Xlinker", "--wrap=\($0)"] })]),
        .testTarget(
            name: "SupervisionTests", dependencies: ["Simulation", "Supervision"], swiftSettings: strict),
        .testTarget(
            name: "SpecificationTests",
            dependencies: ["CLinux", "ControlGroups", "Processes", "Reactor", "Specification", "Supervision"],
            swiftSettings: strict),
        // A program that does what a test tells it to.
        .executableTarget(name: "TestWorker", path: "Tests/TestWorker", cSettings: strictC),
        // A supervisor that is surveyed without a pause.
        .executableTarget(
            name: "Surveyor", dependencies: ["Cadre", "Reactor", "Specification", "Supervision", logging],
            path: "Tests/Surveyor", swiftSettings: strict),
        // What tests read in pages of Markdown.
        .target(name: "Pages", path: "Tests/Pages", swiftSettings: strict),
        .testTarget(
            name: "ProcessesTests", dependencies: ["CLinux", "Processes", "Reactor", "TestWorker", system],
            swiftSettings: strict),
        // They run the built `cadre`; hence the dependency on its target.
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "CLinux", "Cadre", "CadreCommand", "ControlAPI", "Pages", "Processes", "Reactor", "Specification",
                "Surveyor", "TestWorker", system,
            ], swiftSettings: strict),
        .testTarget(
            name: "SystemdTests", dependencies: ["CLinux", "Reactor", "Systemd", logging, system],
            swiftSettings: strict),
        .testTarget(
            name: "CadreTests",
            dependencies: [
                "CLinux", "Cadre", "ControlGroups", "Processes", "Reactor", "Specification", "Supervision", system,
            ], exclude: ["fixtures"], swiftSettings: strict),
        .testTarget(
            name: "MetricsTests",
            dependencies: [
                "CLinux", "Cadre", "ControlAPI", "ControlGroups", "Processes", "Reactor", "Specification",
                "Supervision", system,
            ], exclude: ["relay.py"], swiftSettings: strict),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "Cadre", "CadreCommand", "ControlGroups", "Pages", "Processes", "Reactor", "Specification",
                "Supervision",
                "Systemd", argumentParser,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MachineTests",
            dependencies: [
                "CLinux", "Cadre", "Pages", "Processes", "Reactor", "Systemd", "TestWorker", system,
            ], swiftSettings: strict),
    ],
    cLanguageStandard: .gnu11,
    cxxLanguageStandard: .cxx17
)

// The fuzzer has no entry point of its own but libFuzzer's, so it can be built with that alone; see Tests/fuzz.
if Context.environment["CADRE_FUZZ"] != nil {
    // Of the API it reads the bodies of requests, and does without the servers' libraries, which take long to build. They
    // are left to the command, which isn't built with it.
    for target in package.targets where target.name == "ControlAPI" {
        target.exclude = ["Client", "ControlError.swift", "Metrics", "Routes", "Server"]
        target.dependencies = ["Cadre", "Specification"]
    }
    for target in package.targets where target.name == "CadreCommand" {
        target.dependencies += [nioCore, nioHTTPTypes]
    }
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Cadre", "ControlAPI", "ControlGroups", "Keeper", "Probes", "Processes", "Specification", "Supervision",
                "Systemd",
            ],
            path: "Tests/Fuzz", exclude: ["corpora"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
