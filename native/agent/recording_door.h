/**
 * How one agent reaches a recording that another one of the same user has: abstract Unix sockets, one for each recording, called by its
 * name. No file, no port; they go with the process. Knows the kernel's sockets; not what is said through them.
 */
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace tilescope {

/** A descriptor that is closed with it. */
class Socket {
  public:
    Socket() = default;
    explicit Socket(int fd) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();
    [[nodiscard]] int fd() const { return fd_; }
    /** Whether there is one. */
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

/** Where others come for a recording. Nobody can: it has no socket, as where the name is in use. */
Socket openDoor(const std::string& recording);
/** Who came first, to read from without waiting; none where nobody did, or another user did, who is sent away. */
Socket letIn(const Socket& door);
/** The way to whoever has a recording; none where nobody has it, or another user does. */
Socket reachRecording(const std::string& recording);

/** Writes all of it; waits for the other side a second at most. False when that did not go. */
bool sendAll(const Socket& socket, std::span<const uint8_t> bytes);
/** What came, without waiting: bytes that were read, 0 where the other side is gone, -1 where nothing came yet. */
int64_t readSome(const Socket& socket, std::span<uint8_t> into);

} // namespace tilescope
