// How long the stages of ingest take, as histograms: one look at the clock and two additions a stage and request.
//
//   parse     the body, until its events are decoded
//   prepare   rulings and payloads
//   route     regions, identities that are known, sealing
//   queue     until the writer takes the events up
//   commit    until they are durable, for the whole group
#pragma once

#include <chrono>

#include "platform/metrics/metrics.h"

namespace handschlag::events {

using StageTime = std::chrono::steady_clock::time_point;

inline metrics::Histogram& stage(metrics::Registry& metrics, const char* name) {
  return metrics.histogram(
      "handschlag_ingest_stage_seconds", "How long each stage of taking events in takes", {{"stage", name}},
      {0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5});
}

// Ends a stage that began at `since`; answers now, when the next one begins.
inline StageTime end_stage(metrics::Histogram& stage, StageTime since) {
  const StageTime now = std::chrono::steady_clock::now();
  stage.observe(std::chrono::duration<double>(now - since).count());
  return now;
}

}  // namespace handschlag::events
