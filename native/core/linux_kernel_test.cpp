#include "linux_kernel.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tilescope;

TEST_CASE("[attach-6] a descriptor has its name even where no further one could be opened at the start") {
    LinuxKernel usual;
    const UniqueFd file(usual, open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(file.valid());
    rlimit limit{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit none{0, limit.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    LinuxKernel poor;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(usual.nameOf(file.get()) == "/dev/null");
    CHECK(poor.nameOf(file.get()) == "/dev/null");
}

TEST_CASE(
    "[truth-21] while a duplicate of another process's descriptor is open, nobody ordinary takes the processor from us") {
    const auto policy = [] { return static_cast<int>(syscall(SYS_sched_getscheduler, 0)) & ~0x40000000; };
    LinuxKernel kernel;
    std::array<int, 2> pipe{};
    REQUIRE(pipe2(pipe.data(), O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
        close(pipe[1]);
        char end = 0;
        _exit(read(pipe[0], &end, 1) == 0 ? 0 : 1); // lives until we close our end
    }
    {
        const UniqueFd process(kernel, kernel.openProcess(child));
        REQUIRE(process.valid());
        const UniqueFd first(kernel, kernel.duplicateFrom(process.get(), pipe[0]));
        REQUIRE(first.valid());
        const bool allowed = policy() == SCHED_FIFO;
        CHECK((allowed || geteuid() != 0 || policy() == SCHED_OTHER));
        {
            const UniqueFd second(kernel, kernel.duplicateFrom(process.get(), pipe[0]));
            CHECK(kernel.duplicateFrom(process.get(), 4000) == -EBADF);
            CHECK((policy() == SCHED_FIFO) == allowed);
        }
        CHECK((policy() == SCHED_FIFO) == allowed);
    }
    CHECK(policy() == SCHED_OTHER);
    close(pipe[0]);
    close(pipe[1]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
}

namespace {

/** A folder that goes with what it holds. */
class Folder {
  public:
    Folder() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        for (const std::string& one : made_) remove(one.c_str());
        remove(path_.data());
    }
    std::string name(const std::string& file) { return made_.emplace_back(std::string(path_.data()) + "/" + file); }

  private:
    std::array<char, 32> path_{"/tmp/tilescope-node-XXXXXX"};
    std::vector<std::string> made_;
};

} // namespace

TEST_CASE("[truth-12] a path that is no node of the driver is not opened, whatever it is") {
    LinuxKernel kernel;
    Folder folder;
    const std::string file = folder.name("file");
    ::close(open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    const std::string pipe = folder.name("pipe");
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    const std::string link = folder.name("link");
    REQUIRE(symlink(pipe.c_str(), link.c_str()) == 0);
    const std::string socket = folder.name("socket");
    const UniqueFd listener(kernel, ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const UniqueFd watch(kernel, inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    for (const std::string& one : {file, pipe}) REQUIRE(inotify_add_watch(watch.get(), one.c_str(), IN_OPEN) >= 0);

    const std::vector<std::pair<std::string, std::string>> cases{
        {file, "file"}, {pipe, "pipe"}, {link, "pipe"}, {socket, "socket"}, {"/dev", "folder"}, {"/dev/null", "mem"}};
    for (const auto& [path, found] : cases) {
        CAPTURE(path);
        std::string other;
        CHECK(kernel.openDevice(path, other) == -ENOTTY);
        CHECK(other == found);
        // Nor is it taken for a DRM node.
        CHECK(kernel.openRenderNode(path) == -ENOTTY);
    }
    std::array<char, 4096> opened{};
    CHECK(read(watch.get(), opened.data(), opened.size()) == -1);

    // A node whose driver is not there, or tells no class.
    const UniqueFd terminal(kernel, posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(terminal.valid());
    std::string other;
    CHECK(kernel.openDevice(ptsname(terminal.get()), other) == -ENXIO);
    CHECK(other.empty());
    CHECK(kernel.openDevice(folder.name("nothing"), other) == -ENOENT);
    CHECK(other.empty());
}

TEST_CASE("[truth-10] lines are found in a file of any length, also across the pieces it is read in") {
    LinuxKernel kernel;
    Folder folder;
    const std::string path = folder.name("maps");
    std::string text;
    for (int i = 0; i < 20000; i++) text += "line " + std::to_string(i) + " of a long map of memory\n";
    text += "the wanted one";
    const UniqueFd file(kernel, open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    REQUIRE(write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    for (int i = 0; i < 20000; i += 997) {
        const std::string words = "line " + std::to_string(i) + " of";
        CHECK(kernel.linesWith(path, words) == std::vector<std::string>{words + " a long map of memory"});
    }
    CHECK(kernel.linesWith(path, "line 1").size() == 16);
    CHECK(kernel.linesWith(path, "no such words").empty());
    CHECK(kernel.linesWith(path + "x", "line").empty());
    // Our own map of memory names the file that runs.
    CHECK_FALSE(kernel.linesWith("/proc/self/maps", "core_tests").empty());
}
