// Runs a fuzz target on inputs that lie in files, without a fuzzer: the seeds, and whatever once went wrong.
//
// Usage: TARGET FOLDER...    a folder that is not there holds nothing; without any input at all it fails
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> inputs;
  for (int i = 1; i < argc; ++i) {
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], missing)) inputs.push_back(entry.path());
  }
  std::sort(inputs.begin(), inputs.end());
  for (const auto& input : inputs) {
    std::printf("%s\n", input.filename().c_str());
    std::fflush(stdout);  // the last line names the input that crashed
    std::ifstream stream(input, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  if (inputs.empty()) std::fprintf(stderr, "no inputs: give this target some in tests/fuzz/seeds.py\n");
  return inputs.empty() ? 1 : 0;
}
