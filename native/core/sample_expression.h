/** Expressions for tests: their programs as `src/model/find/automaton.ts` makes them, and a naive search for them. */
#pragma once
#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "expression.h"

namespace tilescope {

/** A part of an expression. */
struct SampleExpression {
    enum class Kind : uint8_t { byte, sequence, choice, repeat };
    static constexpr uint32_t endless = std::numeric_limits<uint32_t>::max();

    Kind kind = Kind::sequence;
    ByteClass bytes;
    std::vector<SampleExpression> parts;
    uint32_t least = 0;
    uint32_t most = 0;
    bool isLazy = false;

    /** Whether it fits no bytes at all. */
    [[nodiscard]] bool fitsNothing() const {
        const auto fits = [](const SampleExpression& one) { return one.fitsNothing(); };
        switch (kind) {
        case Kind::byte:
            return false;
        case Kind::sequence:
            return std::all_of(parts.begin(), parts.end(), fits);
        case Kind::choice:
            return std::any_of(parts.begin(), parts.end(), fits);
        default:
            return least == 0 || parts[0].fitsNothing();
        }
    }

    /** Calls `then` with each place at which it may end that begins at `at`, the preferred first, until that answers true. */
    // NOLINTNEXTLINE(misc-no-recursion)
    bool match(std::span<const uint8_t> text, size_t at, const std::function<bool(size_t)>& then) const {
        switch (kind) {
        case Kind::byte:
            return at < text.size() && bytes.test(text[at]) && then(at + 1);
        case Kind::sequence:
            return matchFrom(text, at, 0, then);
        case Kind::choice:
            return std::any_of(parts.begin(), parts.end(),
                               [&](const SampleExpression& one) { return one.match(text, at, then); });
        default:
            return matchTimes(text, at, 0, then);
        }
    }

    /** Puts offset and length of each hit behind the others. */
    void hitsIn(std::span<const uint8_t> text, uint32_t offset, std::vector<uint32_t>& hits) const {
        for (size_t at = 0; at < text.size();) {
            size_t end = at;
            match(text, at, [&](size_t to) {
                end = to;
                return true;
            });
            if (end > at) {
                hits.push_back(offset + static_cast<uint32_t>(at));
                hits.push_back(static_cast<uint32_t>(end - at));
            }
            at = std::max(end, at + 1);
        }
    }

    [[nodiscard]] ExpressionPattern pattern() const {
        ExpressionPattern made;
        for (const bool isBackwards : {false, true}) {
            ByteProgram& program = isBackwards ? made.backwards : made.forwards;
            program.steps.push_back({});
            program.start = compile(made.classes, program, isBackwards, 0);
        }
        const auto later = static_cast<uint32_t>(made.forwards.steps.size());
        const auto all = static_cast<uint32_t>(made.classes.size());
        made.classes.push_back(ByteClass().set());
        made.forwards.steps.push_back({ByteStep::Kind::byte, all, later + 1});
        made.forwards.steps.push_back({ByteStep::Kind::either, made.forwards.start, later});
        made.forwards.start = later + 1;
        return made;
    }

  private:
    // NOLINTNEXTLINE(misc-no-recursion)
    bool matchFrom(std::span<const uint8_t> text, size_t at, size_t part,
                   const std::function<bool(size_t)>& then) const {
        if (part == parts.size()) return then(at);
        return parts[part].match(text, at, [&](size_t to) { return matchFrom(text, to, part + 1, then); });
    }
    // NOLINTNEXTLINE(misc-no-recursion)
    bool matchTimes(std::span<const uint8_t> text, size_t at, uint32_t times,
                    const std::function<bool(size_t)>& then) const {
        const auto once = [&] {
            return times < most && parts[0].match(text, at, [&](size_t to) {
                // What takes no byte is not repeated for ever.
                return (to > at || times < least) && matchTimes(text, to, times + 1, then);
            });
        };
        if (times < least) return once();
        return isLazy ? then(at) || once() : once() || then(at);
    }
    // NOLINTNEXTLINE(misc-no-recursion)
    uint32_t compile(std::vector<ByteClass>& classes, ByteProgram& program, bool isBackwards, uint32_t next) const {
        const auto add = [&](ByteStep step) {
            program.steps.push_back(step);
            return static_cast<uint32_t>(program.steps.size() - 1);
        };
        const auto either = [&](uint32_t on, uint32_t out) {
            return isLazy ? ByteStep{ByteStep::Kind::either, out, on} : ByteStep{ByteStep::Kind::either, on, out};
        };
        uint32_t behind = next;
        switch (kind) {
        case Kind::byte:
            classes.push_back(bytes);
            return add({ByteStep::Kind::byte, static_cast<uint32_t>(classes.size() - 1), next});
        case Kind::sequence:
            for (size_t i = 0; i < parts.size(); i++) {
                behind = parts[isBackwards ? i : parts.size() - 1 - i].compile(classes, program, isBackwards, behind);
            }
            return behind;
        case Kind::choice:
            behind = parts.back().compile(classes, program, isBackwards, next);
            for (size_t i = parts.size() - 1; i-- > 0;) {
                behind = add({ByteStep::Kind::either, parts[i].compile(classes, program, isBackwards, next), behind});
            }
            return behind;
        default:
            if (most == endless) {
                const uint32_t loop = add({});
                program.steps[loop] = either(parts[0].compile(classes, program, isBackwards, loop), next);
                behind = loop;
            } else {
                for (uint32_t i = least; i < most; i++) {
                    behind = add(either(parts[0].compile(classes, program, isBackwards, behind), next));
                }
            }
            for (uint32_t i = 0; i < least; i++) behind = parts[0].compile(classes, program, isBackwards, behind);
            return behind;
        }
    }
};

inline SampleExpression sampleByte(uint8_t byte) {
    SampleExpression one;
    one.kind = SampleExpression::Kind::byte;
    one.bytes.set(byte);
    return one;
}

inline SampleExpression sampleAny() {
    SampleExpression one;
    one.kind = SampleExpression::Kind::byte;
    one.bytes.set();
    return one;
}

inline SampleExpression sampleSequence(std::vector<SampleExpression> parts) {
    SampleExpression one;
    one.parts = std::move(parts);
    return one;
}

inline SampleExpression sampleRepeat(SampleExpression part, uint32_t least, uint32_t most, bool isLazy = false) {
    return {SampleExpression::Kind::repeat, {}, {std::move(part)}, least, most, isLazy};
}

/** A small expression of the bytes 0 to 3. What is repeated takes a byte at least. */
// NOLINTNEXTLINE(misc-no-recursion)
inline SampleExpression anySample(std::mt19937& random, int depth) {
    const auto below = [&](uint32_t limit) { return std::uniform_int_distribution<uint32_t>(0, limit - 1)(random); };
    if (depth == 0 || below(4) == 0) {
        SampleExpression one = sampleByte(static_cast<uint8_t>(below(4)));
        if (below(3) == 0) one.bytes.set(below(4));
        return one;
    }
    std::vector<SampleExpression> parts;
    for (uint32_t count = 1 + below(3); count > 0; count--) parts.push_back(anySample(random, depth - 1));
    switch (below(3)) {
    case 0:
        return sampleSequence(std::move(parts));
    case 1:
        return {SampleExpression::Kind::choice, {}, std::move(parts), 0, 0, false};
    default: {
        const uint32_t least = below(2);
        if (parts[0].fitsNothing()) return parts[0];
        return sampleRepeat(parts[0], least, least + 1 + below(3), below(2) == 0);
    }
    }
}

} // namespace tilescope
