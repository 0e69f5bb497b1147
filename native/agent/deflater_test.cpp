#include "deflater.h"

#include <doctest/doctest.h>
#include <random>

#include "inflate.h"

using namespace tilescope;

namespace {

/** Bytes as tiles hold them: runs of one byte, small numbers in words, repeated lines of code, and noise. */
std::vector<uint8_t> someBytes(std::mt19937& random, size_t length) {
    std::vector<uint8_t> bytes;
    while (bytes.size() < length) {
        const size_t run = 1 + random() % 5000;
        const auto kind = random() % 4;
        const auto byte = static_cast<uint8_t>(random());
        for (size_t i = 0; i < run; i++) {
            const size_t at = bytes.size();
            if (kind == 0) bytes.push_back(byte);
            if (kind == 1) bytes.push_back(i % 4 == 0 ? static_cast<uint8_t>(random() % 16) : 0);
            if (kind == 2)
                bytes.push_back(at >= 16 && random() % 8 != 0 ? bytes[at - 16] : static_cast<uint8_t>(random()));
            if (kind == 3) bytes.push_back(static_cast<uint8_t>(random()));
        }
    }
    bytes.resize(length);
    return bytes;
}

} // namespace

TEST_CASE("what is deflated is inflated to itself, each run of bytes without those before it") {
    constexpr uint32_t seed = 4041;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    Deflater deflater;
    for (int run = 0; run < 200; run++) {
        const size_t length = run % 20 == 0 ? 65536 : 1 + random() % 20000;
        CAPTURE(run);
        CAPTURE(length);
        const std::vector<uint8_t> bytes = someBytes(random, length);
        const auto deflated = deflater.deflated(bytes, length + 1000);
        REQUIRE(deflated);
        REQUIRE(inflated(*deflated, length) == bytes);
        CHECK_FALSE(inflated(*deflated, length - 1));
        CHECK_FALSE(inflated(*deflated, length + 1));
    }
}

TEST_CASE("what takes more than it may is not deflated, and the next bytes are") {
    std::mt19937 random(7);
    Deflater deflater;
    std::vector<uint8_t> noise(40000);
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
    CHECK_FALSE(deflater.deflated(noise, noise.size() - noise.size() / 16));
    CHECK_FALSE(deflater.deflated(noise, 0));
    const std::vector<uint8_t> zeros(65536);
    const auto deflated = deflater.deflated(zeros, 1000);
    REQUIRE(deflated);
    CHECK(inflated(*deflated, zeros.size()) == zeros);
}
