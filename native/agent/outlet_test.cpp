#include "outlet.h"

#include <atomic>
#include <doctest/doctest.h>
#include <future>
#include <stdexcept>

using namespace tilescope;

namespace {

using Bytes = std::vector<uint8_t>;

/** A reader that takes nothing until it is opened. */
struct Reader {
    bool take(std::span<const uint8_t> bytes) {
        opened.wait();
        const std::lock_guard lock(mutex);
        taken.insert(taken.end(), bytes.begin(), bytes.end());
        return true;
    }
    std::promise<void> open;
    std::shared_future<void> opened = open.get_future().share();
    std::mutex mutex;
    Bytes taken;
};

} // namespace

TEST_CASE("an outlet takes bytes while its reader takes none, up to its room, and hands them on in order") {
    Reader reader;
    Outlet outlet([&](std::span<const uint8_t> bytes) { return reader.take(bytes); }, [] {});
    const Bytes piece(Outlet::most / 2, 7);
    outlet.write(Bytes{1, 2}, Bytes{3});
    outlet.write(piece, {}); // while the first is on its way, or behind it
    std::atomic<bool> third = false;
    std::thread worker([&] {
        outlet.write(piece, {});
        outlet.write(Bytes{4}, {});
        outlet.write(piece, {});
        third = true;
    });
    outlet.drain(std::chrono::milliseconds(20));
    CHECK(!third); // three halves and a few bytes are too many
    reader.open.set_value();
    worker.join();
    outlet.drain(std::chrono::seconds(60));
    const std::lock_guard lock(reader.mutex);
    CHECK(reader.taken.size() == 4 + 3 * piece.size());
    CHECK(Bytes(reader.taken.begin(), reader.taken.begin() + 4) == Bytes{1, 2, 3, 7});
    CHECK(reader.taken[3 + 2 * piece.size()] == 4);
}

TEST_CASE("an outlet says once that its reader is gone, and takes nothing any more") {
    std::promise<void> said;
    Outlet outlet([](std::span<const uint8_t>) { return false; }, [&] { said.set_value(); });
    outlet.write(Bytes{1}, {});
    said.get_future().wait();
    CHECK_THROWS_AS(outlet.write(Bytes{2}, {}), std::runtime_error);
    outlet.drain(std::chrono::seconds(60)); // returns at once
}
