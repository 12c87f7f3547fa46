// The flag in a subject by which a sender asks for sealing, such as "[secure]".
#pragma once

#include <string>
#include <string_view>

namespace bulla::policy {

// has_flag looks for the flag in the value of a Subject field, as it stands in the header without line ends. It looks
// at the text as it is, decoded (RFC 2047), and decoded leniently, without regard to charset names and damaged words;
// each without regard to case, blanks, invisible characters and compatibility forms. So a flag is found also where it
// is folded, split over encoded words, or in a subject that does not decode. An empty flag is never found.
bool has_flag(const std::string& raw_subject, std::string_view flag);

// without_flag is a decoded subject for the outside of an envelope: each occurrence of the flag (ASCII, without regard
// to case) is taken out, with the blanks around it made one.
std::string without_flag(std::string_view subject, std::string_view flag);

}  // namespace bulla::policy
