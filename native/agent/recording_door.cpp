#include "recording_door.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tilescope {
namespace {

/** The address of a recording: its first byte is 0, which keeps it out of the file system. */
struct Address {
    sockaddr_un socket{};
    socklen_t length = 0;

    explicit Address(const std::string& recording) {
        const std::string name = "tilescope-recording-" + recording;
        const size_t most = sizeof socket.sun_path - 1;
        socket.sun_family = AF_UNIX;
        std::copy_n(name.begin(), std::min(name.size(), most), &socket.sun_path[1]);
        length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::min(name.size(), most));
    }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&socket); }
};

Socket makeSocket() {
    Socket made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return made;
}

/** Whether the other end is a process of our user: anybody may find the name, and use it once we are gone. */
bool isOurs(const Socket& socket) {
    ucred other{};
    socklen_t length = sizeof other;
    return getsockopt(socket.fd(), SOL_SOCKET, SO_PEERCRED, &other, &length) == 0 && other.uid == geteuid();
}

} // namespace

Socket::~Socket() {
    if (fd_ >= 0) close(fd_);
}

Socket openDoor(const std::string& recording) {
    constexpr int mostWaiting = 4;
    const Address address(recording);
    Socket door = makeSocket();
    const bool isOpen =
        door && bind(door.fd(), address.get(), address.length) == 0 && listen(door.fd(), mostWaiting) == 0;
    return isOpen ? std::move(door) : Socket();
}

Socket letIn(const Socket& door) {
    Socket visitor(accept4(door.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    return visitor && isOurs(visitor) ? std::move(visitor) : Socket();
}

Socket reachRecording(const std::string& recording) {
    const Address address(recording);
    Socket way = makeSocket();
    const bool isThere = way && connect(way.fd(), address.get(), address.length) == 0 && isOurs(way);
    return isThere ? std::move(way) : Socket();
}

bool sendAll(const Socket& socket, std::span<const uint8_t> bytes) {
    constexpr std::chrono::seconds patience{1};
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!bytes.empty()) {
        const ssize_t done = send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (done > 0) {
            bytes = bytes.subspan(static_cast<size_t>(done));
            continue;
        }
        if (errno == EINTR) continue;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (errno != EAGAIN || left.count() <= 0) return false;
        pollfd ready{socket.fd(), POLLOUT, 0};
        poll(&ready, 1, static_cast<int>(left.count()));
    }
    return true;
}

int64_t readSome(const Socket& socket, std::span<uint8_t> into) {
    const ssize_t got = recv(socket.fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return got;
    return errno == EAGAIN || errno == EINTR ? -1 : 0;
}

} // namespace tilescope
