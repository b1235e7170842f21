import ControlGroups
import Testing

@Suite("The mount of cgroup v2")
struct CgroupMountTests {
    struct Layout: Sendable, CustomTestStringConvertible {
        let name: String
        let processCgroup: String
        let mountInfo: String
        let path: String
        var testDescription: String { name }
    }

    static let hybridMounts = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """

    static let debianMounts = """
        22 29 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
        29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
        26 22 0:24 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 \
        rw,nsdelegate,memory_recursiveprot
        """

    static let layouts = [
        Layout(
            name: "Debian 12", processCgroup: "0::/system.slice/cadre.service\n", mountInfo: debianMounts,
            path: "/sys/fs/cgroup/system.slice/cadre.service"),
        Layout(
            name: "systemd --user",
            processCgroup: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/cadre.service\n",
            mountInfo: debianMounts,
            path: "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/cadre.service"),
        Layout(
            name: "hybrid",
            processCgroup: "9:name=systemd:/\n8:pids:/\n4:memory:/process_api/ac4b0d83\n0::/\n",
            mountInfo: hybridMounts, path: "/sys/fs/cgroup/unified"),
        Layout(
            name: "hybrid with systemd", processCgroup: "1:name=systemd:/a.service\n0::/system.slice/a.service\n",
            mountInfo: hybridMounts, path: "/sys/fs/cgroup/unified/system.slice/a.service"),
        Layout(
            name: "Docker, private namespace", processCgroup: "0::/\n",
            mountInfo: """
                708 707 0:64 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro
                709 708 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate
                """, path: "/sys/fs/cgroup"),
        Layout(
            name: "Docker, host namespace",
            processCgroup: "0::/system.slice/docker-3f1c.scope\n",
            mountInfo: "709 708 0:29 /system.slice/docker-3f1c.scope /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
            path: "/sys/fs/cgroup"),
        Layout(
            name: "Podman", processCgroup: "0::/\n",
            mountInfo: """
                655 652 0:29 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 cgroup2 rw,nsdelegate
                """, path: "/sys/fs/cgroup"),
        Layout(
            name: "a bind mount of a part, with a space in its path", processCgroup: "0::/a b/c\\d\n",
            mountInfo: #"50 40 0:29 /a\040b /mnt/c\134g\040x rw - cgroup2 cgroup2 rw"#, path: #"/mnt/c\g x/c\d"#),
        Layout(
            name: "a read-only mount beside a writable one", processCgroup: "0::/x\n",
            mountInfo: "50 40 0:29 / /ro ro - cgroup2 c rw\n51 40 0:29 / /rw rw shared:3 master:1 - cgroup2 c rw\n",
            path: "/rw/x"),
        Layout(
            name: "a mount from outside of the namespace that begins at our sibling's parent",
            processCgroup: "0::/../b\n", mountInfo: "50 40 0:29 /.. /cg rw - cgroup2 c rw\n", path: "/cg/b"),
        Layout(
            name: "a mount over another", processCgroup: "0::/a\n",
            mountInfo: "50 40 0:29 / /cg rw - cgroup2 c rw\n51 50 0:29 /a /cg rw - cgroup2 c rw\n", path: "/cg"),
    ]

    @Test("shows our own cgroup in every layout", arguments: layouts)
    func ownCgroup(layout: Layout) throws {
        #expect(
            try CgroupMount.ownCgroup(processCgroup: layout.processCgroup, mountInfo: layout.mountInfo) == layout.path)
    }

    @Test("that is missing is an error")
    func notMounted() {
        let onlyOld = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        #expect(throws: ControlGroupError.notMounted) {
            try CgroupMount.ownCgroup(processCgroup: "0::/\n", mountInfo: onlyOld)
        }
        #expect(throws: ControlGroupError.notMounted) {
            try CgroupMount.ownCgroup(processCgroup: "4:memory:/\n", mountInfo: Self.debianMounts)
        }
        let hidden = "50 40 0:29 / /cg rw - cgroup2 c rw\n51 50 0:30 / /cg rw - tmpfs tmpfs rw\n"
        #expect(throws: ControlGroupError.notMounted) {
            try CgroupMount.ownCgroup(processCgroup: "0::/\n", mountInfo: hidden)
        }
    }

    @Test(
        "that does not show our cgroup is an error",
        arguments: [
            ("/other", "/system.slice/a.scope"), ("/a", "/ab"), ("/", "/../b"), ("/..", "/"), ("/..", "/../../b"),
        ])
    func outside(root: String, cgroup: String) {
        #expect(throws: ControlGroupError.outsideOfMount(cgroup: cgroup)) {
            try CgroupMount.ownCgroup(
                processCgroup: "0::\(cgroup)\n", mountInfo: "50 40 0:29 \(root) /cg rw - cgroup2 c rw\n")
        }
    }
}
