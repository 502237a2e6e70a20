// Parsing is the dearest step of ingest that is not the database: see docs/adr/0005-json-parser.md.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "platform/json/json.h"

namespace handschlag::json {
namespace {

std::string batch_of(int events) {
  std::string text = R"({"batch":[)";
  for (int i = 0; i < events; ++i) {
    if (i > 0) text += ',';
    text += R"({"type":"track","event":"Order Completed","userId":"user-)" + std::to_string(i) +
            R"(","messageId":"0b0c4a9e-5a0b-4a0e-9f57-1f2d3c4b5a69","timestamp":"2026-11-21T21:38:27.620Z",)"
            R"("properties":{"order_id":"A-1001","total":"129.90","currency":"EUR","products":[{"sku":"K-1",)"
            R"("name":"Kaffeem\u00fchle","quantity":1,"price":"129.90"}]},"context":{"locale":"de-DE",)"
            R"("library":{"name":"analytics-node","version":"3.1.0"}}})";
  }
  return text + R"(],"sentAt":"2026-11-21T21:38:28.000Z"})";
}

void parse_batch(benchmark::State& state) {
  const std::string text = batch_of(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    auto value = parse(text);
    benchmark::DoNotOptimize(value);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(parse_batch)->Arg(1)->Arg(100);

}  // namespace
}  // namespace handschlag::json
