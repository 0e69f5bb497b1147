/** libFuzzer's entry: the first byte of each input chooses the target. */
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "targets.h"

using namespace tilescope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto& targets = fuzzTargets();
    if (size > 0) targets[data[0] % targets.size()].take({data + 1, size - 1});
    return 0;
}

/** `--seeds FOLDER` before libFuzzer's own arguments: writes the inputs to begin with there. */
extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    if (*count < 3 || strcmp((*arguments)[1], "--seeds") != 0) return 0;
    const std::string folder = (*arguments)[2];
    const auto& targets = fuzzTargets();
    for (size_t target = 0; target < targets.size(); target++) {
        for (size_t seed = 0; seed < targets[target].seeds.size(); seed++) {
            std::ofstream file(folder + "/" + std::string(targets[target].name) + std::to_string(seed),
                               std::ios::binary);
            file << static_cast<char>(target) << targets[target].seeds[seed];
        }
    }
    exit(0);
}
