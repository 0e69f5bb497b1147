/**
 * Runs of bytes that an expression fits. The expression comes as programs, which `src/model/find/automaton.ts` makes: one that runs
 * forwards to the ends of hits, one that runs back to where they begin. States are made when bytes first lead to them, so
 * that a byte takes one step, whatever the expression. Pure: knows neither where bytes are from nor who asks.
 */
#pragma once
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace tilescope {

/** Bytes of which one fits. */
using ByteClass = std::bitset<256>;

/** One step of a program: its end; a byte of class `first`, then step `second`; or two steps, of which `first` is preferred. */
struct ByteStep {
    enum class Kind : uint8_t { end, byte, either };
    Kind kind = Kind::end;
    uint32_t first = 0;
    uint32_t second = 0;
};

struct ByteProgram {
    std::vector<ByteStep> steps;
    uint32_t start = 0;
};

/** Both programs go on until a step that is an end, and begin anywhere (`forwards`) or where a hit ends (`backwards`). */
struct ExpressionPattern {
    std::vector<ByteClass> classes;
    ByteProgram forwards;
    ByteProgram backwards;
};

constexpr size_t mostProgramSteps = 1024;
constexpr size_t mostByteClasses = 256;

/** A program as states, each of which leads to another one with each byte. */
class Automaton {
  public:
    /** Leads nowhere. */
    static constexpr uint32_t dead = 0;

    /** @param isOrdered steps behind an end are given up: a better hit is there */
    Automaton(std::vector<ByteClass> classes, ByteProgram program, bool isOrdered);
    [[nodiscard]] uint32_t start() const { return start_; }
    /**
     * The state behind a byte.
     * @param state the last one that was answered, or `start()`: others may be forgotten
     * @param work what it took to make the state is taken from it
     */
    [[nodiscard]] uint32_t next(uint32_t state, uint8_t byte, int64_t& work) {
        const int32_t known = table_[size_t{state} * 256 + byte];
        return known >= 0 ? static_cast<uint32_t>(known) : make(state, byte, work);
    }
    /** Whether the bytes up to a state fit. */
    [[nodiscard]] bool isEnd(uint32_t state) const { return ends_[state]; }

  private:
    /** Steps at bytes, the preferred first, then whether they end a hit. */
    struct Steps {
        std::vector<uint32_t> list;
        bool isEnd = false;
        bool operator<(const Steps& other) const {
            return isEnd != other.isEnd ? isEnd < other.isEnd : list < other.list;
        }
    };
    uint32_t make(uint32_t state, uint8_t byte, int64_t& work);
    uint32_t stateOf(const Steps& steps);
    /** The steps at bytes that are reached from others without one. */
    Steps closure(const std::vector<uint32_t>& from, int64_t& work);
    /** All states are made anew. */
    void forget();

    std::vector<ByteClass> classes_;
    ByteProgram program_;
    bool isOrdered_;
    uint32_t start_ = dead;
    Steps first_;
    /** For each state and byte the next state; -1 where it was not made yet. */
    std::vector<int32_t> table_;
    std::vector<std::vector<uint32_t>> kept_;
    std::vector<bool> ends_;
    std::map<Steps, uint32_t> states_;
    size_t size_ = 0;
    /** By step: the last closure that came by. */
    std::vector<uint32_t> seen_;
    uint32_t round_ = 0;
};

/** A search through bytes that come in pieces. Finds what `Finder` finds in `src/model/find`. */
class ExpressionSearch {
  public:
    static constexpr size_t usualWindow = size_t{1} << 20U;

    /**
     * Throws `out-of-range` for what is no program.
     * @param total bytes that are searched in all
     * @param window so many bytes are kept: a hit may have so many, and so many are looked at behind its end
     */
    ExpressionSearch(const ExpressionPattern& pattern, uint64_t total, uint64_t window = usualWindow);
    /** Bytes follow that have nothing before them. */
    void begin(uint64_t offset) { restart(offset); }

    enum class Outcome : uint8_t {
        /** All bytes were searched. */
        over,
        /** The work is done, or there is no room for hits. */
        spent,
        /** It would take too long: nothing behind `begun()` is searched. */
        gaveUp,
    };
    /**
     * Goes on in bytes that begin at `offset`; those from `keepFrom()` on are among them.
     * @param isWhole nothing follows them
     * @param hits offset and length of each hit are put behind the others
     * @param room hits that may be added
     * @param work as Matcher's
     */
    Outcome search(std::span<const uint8_t> bytes, uint64_t offset, bool isWhole, std::vector<uint32_t>& hits,
                   size_t room, int64_t& work);
    /** Bytes before it are not needed any more. */
    [[nodiscard]] uint64_t keepFrom() const;
    /** Where the present attempt began: what is before it was searched. */
    [[nodiscard]] uint64_t begun() const { return begin_; }

  private:
    void restart(uint64_t at);
    /** Goes back to where the hit begins. False: the work is done. */
    bool goBack(std::span<const uint8_t> bytes, uint64_t offset, int64_t& work);

    Automaton forwards_;
    Automaton backwards_;
    uint64_t mostTaken_;
    uint64_t window_;
    uint64_t taken_ = 0;
    /** Where the present attempt began, the next byte, the end of the best hit so far (`begin_` without one). */
    uint64_t begin_ = 0;
    uint64_t at_ = 0;
    uint64_t end_ = 0;
    uint32_t state_ = Automaton::dead;
    /** While it goes back: the first byte behind the next one, the earliest beginning so far. */
    bool isGoingBack_ = false;
    uint64_t back_ = 0;
    uint64_t first_ = 0;
    uint32_t backState_ = Automaton::dead;
    bool gaveUp_ = false;
};

} // namespace tilescope
