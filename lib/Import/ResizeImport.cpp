//===- ResizeImport.cpp ---------===//
#include "GraphImporter.h"
void rac::onnximport::addResizeImporters(ImporterTable &table) {}
