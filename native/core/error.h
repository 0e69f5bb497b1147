/** The one error type of the core. */
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tilescope {

/** A value that the sentence shown to the person needs. */
using Fact = std::pair<std::string, std::variant<std::string, int64_t>>;

/** A request failed. `code` is one of BoardErrorCode (src/board/errors.ts); `errnum` is 0 without an errno. */
class CoreError : public std::exception {
  public:
    CoreError(std::string code, std::string detail, int errnum = 0, std::vector<Fact> facts = {})
        : code_(std::move(code)), detail_(std::move(detail)), errnum_(errnum), facts_(std::move(facts)) {}

    [[nodiscard]] const char* what() const noexcept override { return detail_.c_str(); }
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
    [[nodiscard]] int errnum() const noexcept { return errnum_; }
    [[nodiscard]] const std::vector<Fact>& facts() const noexcept { return facts_; }

  private:
    std::string code_;
    std::string detail_;
    int errnum_;
    std::vector<Fact> facts_;
};

/** The name of an errno (`EBUSY`), or `errno 999`. */
std::string errnoName(int errnum);

} // namespace tilescope
