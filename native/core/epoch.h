/**
 * Lives of a partition's contents. Pure. Equal text = the same life; every observed change of hands starts a new one,
 * and so do the traces of a release that reset a free partition. The 2020 driver counts nothing: an application that
 * comes and goes between two looks, and leaves the clocks on, goes unnoticed.
 *
 * A life under an owner is named by boot and owner alone, and numbered by how often this owner was seen to come back, so
 * that it survives a reconnect and goes on under a holder process. A free partition's life is
 * named by the observer too: what happened before we looked is not known, so bytes seen by an earlier core are not
 * claimed to be of the same life.
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

/** Who holds a partition, as far as its contents' life is concerned. */
struct Hands {
    bool inUse = false;
    /** 0: in use, by nobody we can see. */
    int64_t pid = 0;
    uint64_t startTicks = 0;
    bool operator==(const Hands&) const = default;
};

class Epochs {
  public:
    Epochs(std::string bootId, std::string observer) : bootId_(std::move(bootId)), observer_(std::move(observer)) {}

    /** Notes who holds the partition now, and names the life of its contents. */
    std::string observe(ColumnRange columns, const Hands& hands);
    /** Whether these are the hands that observe() was told last. */
    [[nodiscard]] bool knows(ColumnRange columns, const Hands& hands) const;
    /**
     * Notes, under a lease of ours, what the clocks of some columns of the partition are. A release without the keep flag
     * zeroes and gates all: tiles that all went from clocked to gated between two leases start a new life.
     * @param clocked the first of the columns with a tile that runs; empty: all are gated
     */
    void sawClocks(ColumnRange columns, ColumnRange looked, std::optional<uint32_t> clocked);
    /** What became of these columns meanwhile is not known: another life. */
    void end(ColumnRange columns);
    /** The device went away: what comes back has another life. */
    void endAll();

  private:
    struct Life {
        Hands hands;
        uint32_t changes = 0;
        /** Columns in which a tile that runs was seen in this life. */
        std::set<uint32_t> clocked;
        /** Owners that were seen here, the latest last, and how often each came back: that numbers their lives. */
        std::vector<std::pair<Hands, uint32_t>> owners;
    };
    /** The number of an owner's life that begins now. */
    static void begin(Life& life);
    std::string bootId_;
    std::string observer_;
    std::map<std::pair<uint32_t, uint32_t>, Life> lives_;
};

} // namespace tilescope
