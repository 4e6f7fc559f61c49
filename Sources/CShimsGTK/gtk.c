#include "CShimsGTK.h"
