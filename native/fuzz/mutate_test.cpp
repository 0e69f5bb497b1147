#include <algorithm>
#include <doctest/doctest.h>
#include <random>

#include "targets.h"

using namespace tilescope;

namespace {

/** Some bytes changed, put in, taken out, doubled or put between those of another seed. */
std::string damaged(std::string bytes, const std::vector<std::string>& seeds, std::mt19937& random) {
    const auto within = [&](size_t count) { return count == 0 ? 0 : random() % count; };
    for (auto times = 1 + random() % 6; times > 0; times--) {
        const size_t at = within(bytes.size() + 1);
        switch (random() % 6) {
        case 0:
            bytes.insert(at, 1 + random() % 4, static_cast<char>(random()));
            break;
        case 1:
            bytes.erase(at, 1 + random() % 8);
            break;
        case 2:
            bytes.insert(at, bytes.substr(within(bytes.size() + 1), random() % 64));
            break;
        case 3: {
            const std::string& other = seeds[random() % seeds.size()];
            bytes = bytes.substr(0, at) + other.substr(within(other.size() + 1));
            break;
        }
        case 4:
            bytes.insert(at, std::to_string(random() % 2 == 0 ? 0xFFFFFFFFFFFFFFFFULL : 0x80000000ULL));
            break;
        default:
            if (at < bytes.size())
                bytes[at] = static_cast<char>(random() % 4 == 0 ? 0xFF : bytes[at] ^ (1 << random() % 8));
        }
    }
    return bytes;
}

} // namespace

TEST_CASE("[shape-4] what takes frames, requests or texts of the kernel takes them damaged, too") {
    constexpr uint32_t seed = 4711;
    for (const FuzzTarget& target : fuzzTargets()) {
        INFO(std::string(target.name) << ", seed " << seed);
        std::mt19937 random(seed);
        for (int round = 0; round < 3000; round++) {
            const std::string& from = target.seeds[static_cast<size_t>(round) % target.seeds.size()];
            const std::string input = round < 100 ? from : damaged(from, target.seeds, random);
            CAPTURE(round);
            REQUIRE_NOTHROW(target.take({reinterpret_cast<const uint8_t*>(input.data()), input.size()}));
        }
    }
}
