/** The send window of one connection, shared by the thread that hears the client and the one that answers. */
#pragma once
#include <mutex>
#include <optional>

#include "send_window.h"

namespace tilescope {

/** The window of a client that says what it has received; without one, everything may go out at once. Any thread. */
class Pace {
  public:
    void begin();
    /** As SendWindow; a great many where there is no window. */
    [[nodiscard]] size_t room();
    std::optional<uint64_t> sent(size_t bytes, SendWindow::Time at, bool marked);
    /** Nothing where there is no window. */
    WayTimes takeWayTimes();
    void received(uint64_t mark);

  private:
    std::mutex mutex_;
    std::optional<SendWindow> window_;
};

} // namespace tilescope
