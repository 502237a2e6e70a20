// The keys of look-up digests. They come in layers: the digest of a value is the first key's digest of it, and then
// each further key's digest of the digest before. So a rotation needs no original: it adds a layer, and what is stored
// is brought up from the digest that stands there, also of those who were erased. Who knows the former keys but not the
// newest can compute nothing that is stored any more.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/crypto/crypto.h"

namespace handschlag::identity {

// Thread-safe: constant.
class Digester {
 public:
  // Each layer makes a look-up some tenths of a microsecond slower, for good; so there is an end to them.
  static constexpr std::size_t kMostLayers = 16;

  // `settled`: how many layers everything stored has at least; one fewer than there are while the key is being rotated.
  Digester(std::vector<crypto::Key> layers, std::size_t settled) : layers_(std::move(layers)), settled_(settled) {}

  std::string digest(std::string_view message) const { return through(message, layers_.size()); }
  // The digest that may still be stored, while the key is being rotated; else nothing.
  std::optional<std::string> former(std::string_view message) const {
    return rotating() ? std::optional(through(message, settled_)) : std::nullopt;
  }
  // What becomes of a former digest.
  std::string lift(std::string_view former) const { return crypto::keyed_digest(layers_.back(), former); }

  bool rotating() const { return settled_ < layers_.size(); }
  std::size_t layers() const { return layers_.size(); }

 private:
  std::string through(std::string_view message, std::size_t layers) const {
    std::string digest = crypto::keyed_digest(layers_.front(), message);
    for (std::size_t i = 1; i < layers; ++i) digest = crypto::keyed_digest(layers_[i], digest);
    return digest;
  }

  std::vector<crypto::Key> layers_;
  std::size_t settled_;
};

}  // namespace handschlag::identity
