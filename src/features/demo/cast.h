// The people of the story that are worth a look, written by hand, and those that make trouble: a test account, a branch
// that gives its own address for everybody, a program that sends "null".
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "features/demo/demo.h"
#include "features/demo/story.h"

namespace handschlag::demo {

// `crowd` is how many others there are: walk-in customers are many where the branches are busy.
std::vector<Person> make_cast(std::size_t crowd);

// The first number that no one of the cast has.
std::uint32_t first_number_after_cast();

// The others: `count` people with numbers after the cast's and no address of theirs.
std::vector<Person> make_crowd(std::size_t count);

// Tells what happens to those of the cast whose year is written out; answers how many that are. They stand first in
// `story`, whose people begin with the cast; the others of the cast are left to chance.
std::size_t tell_cast(Story& story, Time begin, Time end);

// Whom to look up, and why.
std::vector<Suggestion> suggestions();

}  // namespace handschlag::demo
