/**
 * Starting and ending the process that holds a partition: the part of a hold that /proc cannot tell. The only place of
 * the core that makes a process or sends a signal.
 */
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tilescope {

class HoldProcess {
  public:
    HoldProcess() = default;
    HoldProcess(const HoldProcess&) = delete;
    HoldProcess& operator=(const HoldProcess&) = delete;
    virtual ~HoldProcess() = default;
    /**
     * Starts a process of its own, not our child, that runs `program` (a path) with `arguments` (without the program's
     * name, which is `tilescope-hold`), no environment, and `partition` as descriptor 3; every other descriptor that is
     * not closed on exec it closes itself. Blocks for some milliseconds. The descriptor stays the caller's.
     * @return its pid, or -errno of fork or exec
     */
    virtual int64_t start(const std::string& program, const std::vector<std::string>& arguments, int partition) = 0;
    /** SIGTERM to the process behind a pidfd. 0 or -errno. */
    virtual int terminate(int process) = 0;
    /** Whether the process behind a pidfd has ended, and with it the last use of its descriptors. */
    virtual bool ended(int process) = 0;
};

class LinuxHoldProcess final : public HoldProcess {
  public:
    int64_t start(const std::string& program, const std::vector<std::string>& arguments, int partition) override;
    int terminate(int process) override;
    bool ended(int process) override;
};

} // namespace tilescope
