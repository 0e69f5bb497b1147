/**
 * Epochs of a partition's contents. Pure. Equal text = the same epoch. A new one starts at every change of hands that was
 * seen, and where a free partition shows the traces of a reset. The 2020 driver counts nothing: an application that comes
 * and goes between two looks, and leaves the clocks on, is not noticed.
 *
 * Under an owner, the name is made of boot, owner, and how often this owner was seen to come back. So it survives a
 * reconnect, and stays the same under a holder process. Of a free partition the name contains the observer too: what
 * happened before we looked is not known, so bytes that an earlier core saw count as of another epoch.
 */
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "geometry.h"

namespace tilescope {

/** Who has a partition, as far as its epoch is concerned. */
struct Hands {
    bool inUse = false;
    /** 0: in use by a process that we cannot see. */
    int64_t pid = 0;
    uint64_t startTicks = 0;
    bool operator==(const Hands&) const = default;
};

class Epochs {
  public:
    Epochs(std::string bootId, std::string observer) : bootId_(std::move(bootId)), observer_(std::move(observer)) {}

    /** Notes who has the partition now, and names its epoch. */
    std::string observe(ColumnRange columns, const Hands& hands);
    /** Whether these are the hands that observe() was told last. */
    [[nodiscard]] bool knows(ColumnRange columns, const Hands& hands) const;
    /**
     * Notes, under a lease of ours, what the clocks of some columns of the partition are. A release without the keep flag
     * zeroes and gates all tiles: if all went from clocked to gated between two leases, a new epoch starts.
     * @param clocked the first of the columns with a tile that runs; empty: all are gated
     */
    void sawClocks(ColumnRange columns, ColumnRange checked, std::optional<uint32_t> clocked);
    /** It is not known what happened to these columns: a new epoch starts. */
    void end(ColumnRange columns);
    /** The device went away: a new epoch starts when it is back. */
    void endAll();

  private:
    struct Record {
        Hands hands;
        uint32_t changes = 0;
        /** Columns in which a running tile was seen in this epoch. */
        std::set<uint32_t> clocked;
        /** Owners that were seen here, the latest last, and how often each came back: the number in their epochs' names. */
        std::vector<std::pair<Hands, uint32_t>> owners;
    };
    /** The number of an owner's epoch that begins now. */
    static void begin(Record& record);
    std::string bootId_;
    std::string observer_;
    std::map<std::pair<uint32_t, uint32_t>, Record> records_;
};

} // namespace tilescope
