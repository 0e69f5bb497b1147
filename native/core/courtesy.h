/**
 * Decides when a free partition may be taken. An application asks for one once and gives up when it is refused, so a lease
 * of ours must not be there at that moment. Pure: it is told the time and what was seen; it does not wait or ask. The rules
 * are a table in docs/attach.md.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "geometry.h"

namespace tilescope {

/**
 * Who wants a partition's bytes. `nobody`: a timer, a live view, a reconnect; never takes a free partition. `look`: what a
 * person looks at; not where everything was found gated. `person`: a person asked. `fast`: a person chose not to wait
 * between the leases of a long read.
 */
enum class Asking : uint8_t { nobody, look, person, fast };

/** The wire's word; empty for others. */
std::optional<Asking> askingFromName(std::string_view name);

/** How long one lease of a free partition works, beside taking it and giving it back (the last piece adds up to 1 ms). */
constexpr std::chrono::milliseconds leaseTime{3};

/** One request, from its first step to its last. */
struct Visit {
    using Time = std::chrono::steady_clock::time_point;
    Asking asking = Asking::look;
    /** Where a read would end early, a write waits. */
    bool writes = false;
    /** It wants a partition in use; a free one is not taken for it. */
    bool besideOnly = false;
    /** When its first lease was taken; empty: it had none yet. */
    std::optional<Time> begun = std::nullopt;
    /** Since when it waits for its first lease. */
    std::optional<Time> since = std::nullopt;
    /** The columns that it looks at; empty: all of them. */
    std::optional<ColumnRange> part = std::nullopt;
    /** The column that it comes to next, where that is known: clocks are looked for there first. */
    std::optional<uint32_t> next = std::nullopt;
};

class Courtesy {
  public:
    using Time = std::chrono::steady_clock::time_point;
    enum class Verdict : uint8_t {
        take,
        /** Not before `until`. */
        wait,
        /** Nobody asked for it. */
        unasked,
        /** Every tile was gated when it was last looked at in this epoch. */
        gated,
        /** Somebody opened the device since the request began: it ends. */
        over,
    };
    struct Answer {
        Verdict verdict = Verdict::take;
        Time until;
    };

    /** Somebody else has these columns at this moment. */
    void used(ColumnRange columns, Time now);
    /** When another process was last seen to open the device node. */
    void opened(std::optional<Time> at) { opened_ = at; }
    /** A lease of ours ended. */
    void leased(ColumnRange columns, Time from, Time to);
    /** The request of that lease needs further ones, or had some: it is a long one. */
    void wasLong(ColumnRange columns);
    /** What a lease of these columns, or of some of them, found in this epoch. */
    void clocks(ColumnRange columns, const std::string& epoch, ColumnRange part, bool allGated);
    /** Another driver: forgets everything. */
    void forget() { places_.clear(); }

    /** May this request take these free columns now? Notes since when it waits. */
    Answer judge(ColumnRange columns, const std::string& epoch, Visit& visit, Time now) const;

  private:
    struct Place {
        std::optional<Time> usedAt;
        /** The last lease of ours, and whether it belonged to a long request. */
        Time from;
        Time to;
        bool isLong = false;
        /** The epoch in which these columns were found gated. */
        std::string gatedIn;
        std::set<uint32_t> gatedColumns;
    };
    [[nodiscard]] const Place* placeAt(ColumnRange columns) const;
    Place& place(ColumnRange columns) { return places_[{columns.startCol, columns.numCols}]; }

    std::map<std::pair<uint32_t, uint32_t>, Place> places_;
    std::optional<Time> opened_;
};

} // namespace tilescope
