#include "policy/subject_flag.h"

#include <gtest/gtest.h>

namespace bulla::policy {
namespace {

struct FlagRow {
  const char* title;
  std::string subject;
  bool found;
};

class HasFlag : public testing::TestWithParam<FlagRow> {};

TEST_P(HasFlag, Row) {
  EXPECT_EQ(has_flag(GetParam().subject, "[secure]"), GetParam().found) << GetParam().title;
}

INSTANTIATE_TEST_SUITE_P(
    Table, HasFlag,
    testing::Values(FlagRow{"plain", " [secure] Figures", true}, FlagRow{"upper case", " [SECURE] Figures", true},
                    FlagRow{"at the end", " Figures [Secure]", true},
                    FlagRow{"in the middle of a word", "abc[secure]def", true}, FlagRow{"absent", " Figures", false},
                    FlagRow{"empty subject", "", false}, FlagRow{"without brackets", " secure", false},
                    FlagRow{"folded inside", " [sec ure] x", true}, FlagRow{"folded with a tab", " [\tsecure]", true},
                    FlagRow{"base64 word", " =?utf-8?B?W3NlY3VyZV0gWmFobGVu?=", true},
                    FlagRow{"quoted-printable word", " =?iso-8859-1?q?=5Bsecure=5D_Gr=FC=DFe?=", true},
                    FlagRow{"split over two words", " =?utf-8?Q?=5Bsec?= =?utf-8?Q?ure=5D?=", true},
                    FlagRow{"split between a word and plain text", " [sec =?utf-8?Q?ure=5D?=", true},
                    FlagRow{"unknown charset, base64", " =?x-nothing?B?W3NlY3VyZV0=?=", true},
                    FlagRow{"unknown charset, quoted", " =?x-nothing?Q?=5Bsecure=5D?=", true},
                    FlagRow{"charset does not fit the bytes", " =?utf-8?Q?=FF=FE[secure]=C0?=", true},
                    FlagRow{"UTF-16 word", " =?utf-16be?B?AFsAcwBlAGMAdQByAGUAXQ==?=", true},
                    FlagRow{"UTF-7 word", " =?utf-7?Q?+AFs-secure+AF0-?=", true},
                    FlagRow{"word not closed", " =?utf-8?B?W3NlY3VyZV0=", true},
                    FlagRow{"blanks inside of a word", " =?utf-8?Q?[secure] plans?=", true},
                    FlagRow{"base64 with rubbish inside", " =?utf-8?B?W3Nl!Y3VyZV0=?=", true},
                    FlagRow{"raw bytes that are no UTF-8", std::string(" \xff\xfe [secure] \x80"), true},
                    FlagRow{"full-width letters", " ［ｓｅｃｕｒｅ］", true},
                    FlagRow{"zero-width space inside", " [sec\u200bure]", true},
                    FlagRow{"soft hyphen inside", " [se\u00adcure]", true},
                    FlagRow{"NUL before it", std::string(" a\0 [secure]", 12), true},
                    FlagRow{"NUL before an encoded one", std::string(" a\0 =?utf-8?B?W3NlY3VyZV0=?=", 28), true},
                    FlagRow{"other text in a word", " =?utf-8?B?WmFobGVu?=", false},
                    FlagRow{"only the start of a word", " =?", false},
                    FlagRow{"start of a word at the very end", " =?utf-8?", false}),
    [](const auto& row) { return std::to_string(row.index); });

TEST(HasFlag, AnEmptyFlagIsNeverFound) {
  EXPECT_FALSE(has_flag("anything", ""));
  EXPECT_FALSE(has_flag("", ""));
}

TEST(HasFlag, LongSubjectsTakeLinearTime) {
  std::string subject;
  while (subject.size() < 1'000'000) subject += " =?utf-8?Q?=5Bsecur?=\t=?";
  EXPECT_FALSE(has_flag(subject, "[secure]"));
  EXPECT_TRUE(has_flag(subject + "e]", "e]"));
}

TEST(WithoutFlag, Table) {
  struct Row {
    const char* subject;
    const char* want;
  };
  for (const auto& [subject, want] :
       {Row{"[secure] Figures", "Figures"}, Row{"Figures [SECURE]", "Figures"},
        Row{"Re: [secure] Figures", "Re: Figures"}, Row{"Figures", "Figures"}, Row{"[secure]", ""},
        Row{"[secure][secure] a", "a"}, Row{"a[secure]b", "a b"}, Row{"", ""}, Row{"[secure", "[secure"}}) {
    EXPECT_EQ(without_flag(subject, "[secure]"), want) << subject;
  }
  EXPECT_EQ(without_flag("as it is", ""), "as it is");
}

}  // namespace
}  // namespace bulla::policy
