#include "cli/safe_name.h"

#include <gtest/gtest.h>

#include "cli/save.h"

namespace bulla::cli {
namespace {

TEST(SafeName, IsOnlyAName) {
  struct Row {
    const char* title;
    std::string name;
    std::string expected;
  };
  const Row rows[] = {
      {"plain", "Contract.pdf", "Contract.pdf"},
      {"Japanese", "\u5951\u7d04\u66f8.txt", "\u5951\u7d04\u66f8.txt"},
      {"path upward", "../../etc/passwd", "_.._etc_passwd"},
      {"absolute path", "/etc/passwd", "_etc_passwd"},
      {"Windows path", "C:\\autoexec.bat", "C__autoexec.bat"},
      {"only dots", "..", "fallback"},
      {"hidden", ".bashrc", "bashrc"},
      {"trailing dots and blanks", "a.txt . ", "a.txt"},
      {"line ends", "a\r\nb.txt", "a__b.txt"},
      {"NUL", std::string("a\0b", 3), "a_b"},
      {"right-to-left override", "fdp.\u202Eexe", "fdp._exe"},
      {"broken UTF-8", "a\xFF.txt", "a_.txt"},
      {"reserved characters", "a*b?c\"d<e>f|g", "a_b_c_d_e_f_g"},
      {"device", "con", "_con"},
      {"device with an extension", "Aux.txt", "_Aux.txt"},
      {"port", "LPT1", "_LPT1"},
      {"no port", "LPT0.txt", "LPT0.txt"},
      {"empty", "", "fallback"},
      {"blank", "   ", "fallback"},
  };
  for (const auto& row : rows) EXPECT_EQ(safe_name(row.name, "fallback"), row.expected) << row.title;
}

TEST(SafeName, IsShortenedBeforeItsExtension) {
  const auto name = safe_name(std::string(300, 'a') + ".pdf", "f");
  EXPECT_EQ(name, std::string(196, 'a') + ".pdf");
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\u6f22";
  const auto cut = safe_name(wide + ".txt", "f");
  EXPECT_EQ(cut.size(), 65 * 3 + 4U);
  EXPECT_TRUE(cut.ends_with("\u6f22.txt"));
  EXPECT_LE(safe_name(std::string(5000, '.') + "x" + std::string(5000, 'y'), "f").size(), 200U);
  EXPECT_EQ(safe_name("con." + std::string(196, 'x'), "f"), "_con." + std::string(195, 'x')) << "a device's name grows";
  const auto blanks = safe_name("con" + std::string(300, ' ') + "x.txt", "f");
  EXPECT_TRUE(blanks.starts_with("_con ") && blanks.size() <= 200) << "which it becomes when it is cut";
}

TEST(SafeName, NumbersKeepTheExtension) {
  EXPECT_EQ(numbered_name("a.pdf", 1), "a.pdf");
  EXPECT_EQ(numbered_name("a.pdf", 2), "a (2).pdf");
  EXPECT_EQ(numbered_name("README", 3), "README (3)");
}

TEST(SafeName, AttachmentsNeverShareAName) {
  envelope::Part named;
  named.name = "a.pdf";
  auto upper = named;
  upper.name = "A.PDF";
  auto numbered = named;
  numbered.name = "a (2).pdf";
  envelope::Part mail;
  mail.type = "message/rfc822";
  envelope::Part text;
  text.type = "text/plain";
  EXPECT_EQ(attachment_names({&named, &upper, &numbered, &named, &mail, &text}),
            (std::vector<std::string>{"a.pdf", "A (2).PDF", "a (2) (2).pdf", "a (3).pdf", "message-5.eml",
                                      "attachment-6.txt"}));
}

}  // namespace
}  // namespace bulla::cli
