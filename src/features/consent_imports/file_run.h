// A file of any length, carried to whoever takes its lines. Private to the slice.
#pragma once

#include <functional>
#include <span>

#include "features/consent_imports/consent_imports.h"
#include "features/consent_imports/lines.h"

namespace handschlag::consent_imports {

inline constexpr std::size_t kAtOnce = 50;  // in a transaction, so that it holds the region's writer for a moment only

// Takes so many lines at most; may be called again with the same ones where it was unavailable.
using Take = std::function<Result<void>(std::span<const Read> lines, std::span<LineReport> reports)>;

// Errors: as of ConsentImports::take_file.
Result<FileReport> run_file(const Job& job, Time now, imports::Progress& progress, const Take& take);

}  // namespace handschlag::consent_imports
