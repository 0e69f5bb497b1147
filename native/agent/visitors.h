/**
 * Other agents that come for the recordings of this one: a door for each recording, and who came through one. Of the thread that
 * reads. Knows frames; not what is recorded, nor when the process ends.
 */
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <poll.h>
#include <set>
#include <string>
#include <vector>

#include "recording_door.h"
#include "session.h"

namespace tilescope {

class Visitors {
  public:
    /** @param session outlives it */
    explicit Visitors(Session& session) : session_(session) {}
    /** Exactly these recordings can be come for from now on. */
    void open(const std::vector<std::string>& recordings);
    /** Appends what is waited for. */
    void addTo(std::vector<pollfd>& inputs) const;
    /**
     * Lets in who came, takes in what they ask, and sends away who stayed too long: to be called at least once a second. May wait a
     * second for one that does not read.
     */
    void takeIn();
    /** Whether nobody is here. */
    [[nodiscard]] bool none() const { return visitors_.empty(); }
    /** When one of them was last heard; at first when this was made. */
    [[nodiscard]] std::chrono::steady_clock::time_point heard() const { return heard_; }

  private:
    struct Visitor;
    /** Takes in what a visitor asks; false: it is gone, or has to go. */
    bool takeIn(const std::shared_ptr<Visitor>& visitor);
    /** One frame; false: it was the last one. */
    bool answer(const std::shared_ptr<Visitor>& visitor, const Frame& frame);

    Session& session_;
    std::map<std::string, Socket> doors_;
    /** Shared with the answers that are not given yet. */
    std::vector<std::shared_ptr<Visitor>> visitors_;
    std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
};

} // namespace tilescope
