/** The real kernel. */
#pragma once
#include <atomic>
#include <set>

#include "kernel.h"
#include "node_watch.h"

namespace tilescope {

class LinuxKernel final : public Kernel {
  public:
    LinuxKernel();
    ~LinuxKernel() override;
    void setTrace(Trace trace) override { trace_ = std::move(trace); }
    void setQuiet(bool quiet) override { quiet_ = quiet; }
    [[nodiscard]] const char* stuckIn(std::chrono::steady_clock::duration atLeast) const override;
    Machine machine() override;
    int64_t now() override;
    std::chrono::steady_clock::time_point clock() override { return std::chrono::steady_clock::now(); }
    std::chrono::steady_clock::duration processorTime() override;
    void pause(std::chrono::microseconds atLeast) override;
    int openDevice(const std::string& path, std::string& other) override;
    std::optional<std::chrono::steady_clock::time_point> openedByOthers() override { return watch_.last(clock()); }
    std::vector<std::string> newLogLines() override;
    int enquire(const NodeFd& node, std::span<uapi::RangeArgs> out, uint32_t& present) override;
    int requestKept(const NodeFd& node, uint32_t partitionId, RequestLength length) override;
    int descriptorList(const NodeFd& node, std::span<uapi::PartitionDescriptor> out) override;
    int memoryCount(const PartitionFd& partition) override;
    int memories(const PartitionFd& partition, std::span<uapi::Mem> out) override;
    int requestTiles(const PartitionFd& partition, std::span<const uapi::Location> tiles, bool on) override;
    int writeRegister(const PartitionFd& partition, uint64_t offset, uint32_t value, bool wide) override;
    int64_t readAt(const PartitionFd& partition, uint64_t offset, std::span<uint32_t> words) override;
    int64_t writeAt(const PartitionFd& partition, uint64_t offset, std::span<const uint32_t> words) override;
    void* mapWhole(int dmaBuf, size_t bytes, bool writable, int& error) override;
    void* mapRegisters(const PartitionFd& partition, uint64_t offset, size_t bytes, int& error) override;
    void unmap(void* address, size_t bytes) override;
    void close(int fd) override;
    int openProcess(int64_t pid) override;
    bool isAlive(int process) override;
    int duplicateFrom(int process, int fd) override;
    int duplicate(int fd) override;
    std::optional<std::string> nameOf(int fd) override;
    bool isAnonymous(int fd) override;
    std::optional<FileIdentity> identity(int fd) override;
    std::optional<FileIdentity> identityAt(const std::string& path) override;
    std::optional<FileMode> modeOf(const std::string& path) override;
    int openRenderNode(const std::string& path) override;
    std::string renderDriver(int render) override;
    int zoclDescriptor(int render, uint32_t partitionId, bool withContext) override;
    std::vector<std::string> list(const std::string& folder, int& error) override;
    std::optional<std::string> readText(const std::string& path) override;
    std::optional<std::string> readLink(const std::string& path) override;
    std::vector<std::string> linesWith(const std::string& path, std::string_view words) override;

  private:
    int request(const char* name, int fd, uint32_t number, void* argument);
    /** Opens a character device of one class to read and write, having looked at it before; see openDevice(). */
    int openOfClass(const std::string& path, std::string_view name, std::string& other);
    static std::optional<std::string> link(int folder, const std::string& path);
    void* map(const char* what, int fd, uint64_t offset, size_t bytes, int protection, int& error);
    /** @param line makes the line, only where somebody reads it */
    template <typename Line> void say(const Line& line) const {
        if (trace_ && !quiet_) trace_(line());
    }

    /** A call of the device that is under way, for as long as this object lives. */
    class Under {
      public:
        Under(LinuxKernel& kernel, const char* call) : kernel_(kernel) {
            kernel_.since_.store(std::chrono::steady_clock::now().time_since_epoch().count());
            kernel_.call_.store(call);
        }
        Under(const Under&) = delete;
        Under& operator=(const Under&) = delete;
        ~Under() { kernel_.call_.store(nullptr); }

      private:
        LinuxKernel& kernel_;
    };

    /**
     * While one of these exists, no thread of ordinary priority takes the processor from this one, where that is
     * allowed. For the moments in which we have something of another process that keeps a partition in use after
     * its end.
     */
    class Ahead {
      public:
        explicit Ahead(LinuxKernel& kernel) : kernel_(kernel) { kernel_.goAhead(); }
        Ahead(const Ahead&) = delete;
        Ahead& operator=(const Ahead&) = delete;
        ~Ahead() { kernel_.stepBack(); }

      private:
        LinuxKernel& kernel_;
    };
    void goAhead();
    void stepBack();
    bool setPolicy(int policy, int priority);

    NodeWatch watch_;
    std::set<int> duplicates_; // descriptors of other processes that are open
    int ahead_ = 0;
    bool mayGoAhead_ = true;
    std::set<int> nodes_; // descriptors of the node that are open
    int log_ = -1;        // /dev/kmsg; -1: not opened yet, -2: it may not be read
    std::atomic<const char*> call_{nullptr};
    std::atomic<std::chrono::steady_clock::rep> since_{0};
    Trace trace_;
    bool quiet_ = false;
    /** /proc/self/fd, kept open: the path to it is half of the cost of a name there. -1: it could not be opened. */
    int ownDescriptors_ = -1;
};

} // namespace tilescope
