// Names of countries, by ICU: "Germany", "Deutschland", "Hong Kong", "UK", "USA" → ISO 3166 alpha-2.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace handschlag::text {

// Thread-safe once made.
class CountryNames {
 public:
  // Knows the long and short names in these languages ("en", "de"), and the codes alpha-2 and alpha-3 in any case.
  explicit CountryNames(std::span<const std::string> languages);

  // Nothing where the name is not known. Case, width and white space at the ends don't matter.
  std::optional<std::string> find(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::string> codes_;  // by folded name
};

}  // namespace handschlag::text
