/**
 * Notices when another process opens the device node: an application does so right before it asks for a partition. A
 * Tilescope opens the node read-only and closes it at once, so its openings can be told from an application's. Ours are
 * not counted.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tilescope {

/** A look of a Tilescope has closed the node after that long; an application has it open still. */
constexpr std::chrono::milliseconds shortLook{50};

/** Openings by others, from what is seen of the node. Pure. */
class Openings {
  public:
    using Time = std::chrono::steady_clock::time_point;
    void opened(Time now);
    void closedReadOnly();
    /** The last one that was not closed read-only within 50 ms. */
    std::optional<Time> last(Time now);

  private:
    int pending_ = 0;
    std::optional<Time> last_;
    /** What `last_` was before those that are pending. */
    std::optional<Time> before_;
};

/** Watches one node (inotify). Where that is not possible, no opening is ever seen. */
class NodeWatch {
  public:
    using Time = Openings::Time;
    NodeWatch() = default;
    NodeWatch(const NodeWatch&) = delete;
    NodeWatch& operator=(const NodeWatch&) = delete;
    ~NodeWatch();
    /** We are about to open this node: it is watched from now on. */
    void opening(const std::string& path, Time now);
    /** We are about to close it. */
    void closing(Time now);
    /** We opened or closed it: of the events since opening() or closing() one opening, or one closing, is ours. */
    void done(Time now);
    std::optional<Time> last(Time now);

  private:
    /** Reads what was seen; the first event that has this bit is ours; 0: none is. */
    void drain(Time now, uint32_t ours);

    int inotify_ = -1;
    int watch_ = -1;
    /** The event of what we are doing to the node. */
    uint32_t ours_ = 0;
    Openings openings_;
};

} // namespace tilescope
