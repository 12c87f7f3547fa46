// vectors_generate FOLDER writes the files of vectors/ into a folder (which has a folder envelope/).
#include <fstream>
#include <iostream>

#include "vectors/scenarios.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: vectors_generate FOLDER\n";
    return 2;
  }
  for (const auto& file : bulla::vectors::all_files()) {
    std::ofstream out(std::string(arguments[1]) + "/" + file.name, std::ios::binary);
    out << file.text;
    if (!out.flush()) {
      std::cerr << "cannot write " << file.name << "\n";
      return 1;
    }
  }
}
