/** A read of the status of tiles, in slices. Knows neither drivers nor carriers nor who waits. */
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "partition_access.h"

namespace tilescope {

/** Tiles of one status request. */
constexpr size_t mostTiles = 4096;

struct StatusRequest {
    PartitionKey partition;
    /** Absolute, of the partition, shim row included. */
    std::vector<Tile> tiles;
    /** Descriptors, events and errors too. */
    bool detail = false;
    Asking asking = Asking::look;
    /** It belongs to the read before: also where no person asked, it does not wait, but counts. */
    bool goesOn = false;
};

/** A read of the status of tiles, under way. */
class StatusJob {
  public:
    explicit StatusJob(StatusRequest request) : request_(std::move(request)), visit_{request_.asking} {}
    /** Reads tiles for at most one slice and appends them. Throws CoreError. */
    Progress step(PartitionDriver& driver, std::vector<TileStatus>& out);
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Board clock of the last step, ms. */
    [[nodiscard]] int64_t at() const { return at_; }
    /** For how long after the last step a read that no person asks for would be kept waiting. */
    [[nodiscard]] std::chrono::milliseconds wait() const { return wait_; }

  private:
    Progress slice(PartitionDriver& driver, std::vector<TileStatus>& out);
    /** Checks the request in the first slice. False when the partition began another epoch: what is left was not read. */
    bool begin(const StatusWay& way);
    /** What can be said by the way that is open now. */
    void readTiles(PartitionDriver& driver, const StatusWay& way, std::vector<TileStatus>& out);
    /** The tiles that are left, with a reason. */
    void rest(PartitionDriver& driver, std::vector<TileStatus>& out, Reason reason);

    StatusRequest request_;
    Visit visit_;
    std::string epoch_;
    size_t next_ = 0;
    int64_t at_ = 0;
    /** It need not wait, or has waited: its own cost does not hold it up. */
    bool mayGo_ = false;
    std::chrono::milliseconds wait_{};
};

} // namespace tilescope
