#include "expression.h"

#include <algorithm>
#include <string>
#include <utility>

#include "error.h"

namespace tilescope {
namespace {

/** States that are kept, and steps in all of them; then they are made anew. A state takes 1 KiB, and some bytes for a step. */
constexpr size_t mostStates = 1024;
constexpr size_t mostKept = 100'000;
/** What it takes to make a state, for each of its steps; to come by a step on the way to them; to take a byte through one. */
constexpr int64_t stepWork = 32;
constexpr int64_t wayWork = 4;
constexpr int64_t byteWork = 2;
/** So many bytes are taken for each that is searched, and so many in any case; then it is given up. */
constexpr uint64_t mostTakenShare = 16;
constexpr uint64_t freeTaken = uint64_t{8} << 20U;

[[noreturn]] void refuse(const std::string& what) {
    throw CoreError("out-of-range", what);
}

void check(const ByteProgram& program, size_t classes) {
    const size_t count = program.steps.size();
    if (count == 0 || count > mostProgramSteps || program.start >= count) {
        refuse(std::to_string(count) + " steps of an expression");
    }
    for (const ByteStep& step : program.steps) {
        const size_t firsts = step.kind == ByteStep::Kind::byte ? classes : count;
        if (step.kind != ByteStep::Kind::end && (step.first >= firsts || step.second >= count)) {
            refuse("a step of an expression that leads nowhere");
        }
    }
}

const ExpressionPattern& checked(const ExpressionPattern& pattern) {
    if (pattern.classes.size() > mostByteClasses) {
        refuse(std::to_string(pattern.classes.size()) + " classes of an expression");
    }
    check(pattern.forwards, pattern.classes.size());
    check(pattern.backwards, pattern.classes.size());
    return pattern;
}

} // namespace

Automaton::Automaton(std::vector<ByteClass> classes, ByteProgram program, bool isOrdered)
    : classes_(std::move(classes)), program_(std::move(program)), isOrdered_(isOrdered), seen_(program_.steps.size()) {
    int64_t work = 0;
    first_ = closure({program_.start}, work);
    forget();
}

void Automaton::forget() {
    table_.clear();
    kept_.clear();
    ends_.clear();
    states_.clear();
    size_ = 0;
    stateOf({});
    start_ = stateOf(first_);
}

uint32_t Automaton::stateOf(const Steps& steps) {
    const auto [place, isNew] = states_.try_emplace(steps, static_cast<uint32_t>(kept_.size()));
    if (!isNew) return place->second;
    table_.resize(table_.size() + 256, -1);
    kept_.push_back(steps.list);
    ends_.push_back(steps.isEnd);
    size_ += steps.list.size();
    return place->second;
}

Automaton::Steps Automaton::closure(const std::vector<uint32_t>& from, int64_t& work) {
    round_++;
    Steps found;
    std::vector<uint32_t> waiting(from.rbegin(), from.rend());
    while (!waiting.empty()) {
        const uint32_t at = waiting.back();
        waiting.pop_back();
        work -= wayWork;
        if (std::exchange(seen_[at], round_) == round_) continue;
        const ByteStep& step = program_.steps[at];
        if (step.kind == ByteStep::Kind::end) {
            found.isEnd = true;
            if (isOrdered_) break;
        } else if (step.kind == ByteStep::Kind::byte) {
            found.list.push_back(at);
        } else {
            waiting.push_back(step.second);
            waiting.push_back(step.first);
        }
    }
    return found;
}

uint32_t Automaton::make(uint32_t state, uint8_t byte, int64_t& work) {
    std::vector<uint32_t> reached;
    for (const uint32_t at : kept_[state]) {
        const ByteStep& step = program_.steps[at];
        if (classes_[step.first].test(byte)) reached.push_back(step.second);
    }
    const Steps steps = closure(reached, work);
    work -= static_cast<int64_t>(1 + kept_[state].size() + steps.list.size()) * stepWork;
    const bool isFull = kept_.size() >= mostStates || size_ >= mostKept;
    if (isFull) forget();
    const uint32_t next = stateOf(steps);
    // The state that it was made from is forgotten, too.
    if (!isFull) table_[size_t{state} * 256 + byte] = static_cast<int32_t>(next);
    return next;
}

ExpressionSearch::ExpressionSearch(const ExpressionPattern& pattern, uint64_t total, uint64_t window)
    : forwards_(checked(pattern).classes, pattern.forwards, true),
      backwards_(pattern.classes, pattern.backwards, false), mostTaken_(std::max(freeTaken, total * mostTakenShare)),
      window_(window) {}

void ExpressionSearch::restart(uint64_t at) {
    begin_ = at_ = end_ = at;
    state_ = forwards_.start();
    isGoingBack_ = false;
}

uint64_t ExpressionSearch::keepFrom() const {
    // What lies behind the end of the best hit is searched once more.
    const uint64_t last = end_ > begin_ ? end_ : at_;
    return std::min(std::max(begin_, at_ - std::min(at_, window_)), last);
}

ExpressionSearch::Outcome ExpressionSearch::search(std::span<const uint8_t> bytes, uint64_t offset, bool isWhole,
                                                   std::vector<uint32_t>& hits, size_t room, int64_t& work) {
    const uint64_t stop = offset + bytes.size();
    while (work > 0 && room > 0 && !gaveUp_) {
        if (isGoingBack_) {
            if (!goBack(bytes, offset, work)) break;
            if (gaveUp_) break;
            if (first_ < end_) {
                hits.push_back(static_cast<uint32_t>(first_));
                hits.push_back(static_cast<uint32_t>(end_ - first_));
                room--;
            }
            restart(end_);
            continue;
        }
        while (at_ < stop && work > 0) {
            state_ = forwards_.next(state_, bytes[at_ - offset], work);
            at_++;
            taken_++;
            work -= byteWork;
            if (forwards_.isEnd(state_)) end_ = at_;
            if (state_ == Automaton::dead) break;
        }
        const bool isLast = state_ == Automaton::dead || (at_ == stop && isWhole);
        if (isLast && end_ > begin_) {
            isGoingBack_ = true;
            back_ = first_ = end_;
            backState_ = backwards_.start();
            continue;
        }
        if (state_ == Automaton::dead) restart(at_);
        if (at_ == stop && isWhole) return Outcome::over;
        // What is behind the end of a hit is searched once more, and no more of it is kept.
        gaveUp_ = taken_ > mostTaken_ || (end_ > begin_ && at_ - end_ > window_);
        if (at_ == stop && !gaveUp_) return Outcome::over;
    }
    return gaveUp_ ? Outcome::gaveUp : Outcome::spent;
}

bool ExpressionSearch::goBack(std::span<const uint8_t> bytes, uint64_t offset, int64_t& work) {
    const uint64_t least = std::max(begin_, offset);
    while (back_ > least && backState_ != Automaton::dead) {
        if (work <= 0) return false;
        back_--;
        backState_ = backwards_.next(backState_, bytes[back_ - offset], work);
        work -= byteWork;
        if (backwards_.isEnd(backState_)) first_ = back_;
    }
    // The bytes before are not here any more.
    gaveUp_ = backState_ != Automaton::dead && back_ > begin_;
    return true;
}

} // namespace tilescope
